// The words that made-up texts and names are made of. Frozen runs are resumed by later versions, so the lists do not
// change.
#pragma once

#include <array>
#include <string_view>

namespace lakh::load::words {

inline constexpr std::array<std::string_view, 240> plain = {
    "account", "action",  "advice",   "amount",  "answer",   "apple",   "april",    "arrow",    "artist",  "autumn",
    "balance", "basket",  "beach",    "bell",    "bench",    "bird",    "blanket",  "board",    "boat",    "book",
    "bottle",  "branch",  "bread",    "bridge",  "brother",  "brush",   "bucket",   "build",    "bus",     "butter",
    "button",  "camera",  "candle",   "canyon",  "carpet",   "castle",  "cedar",    "chair",    "change",  "cheese",
    "circle",  "city",    "clock",    "cloud",   "coast",    "coffee",  "colour",   "copper",   "corner",  "cotton",
    "country", "cover",   "crystal",  "dance",   "daughter", "dawn",    "desk",     "dinner",   "doctor",  "door",
    "dream",   "dress",   "drive",    "eagle",   "early",    "earth",   "east",     "echo",     "engine",  "evening",
    "fabric",  "family",  "farm",     "feather", "field",    "finger",  "fire",     "fish",     "flame",   "floor",
    "flower",  "forest",  "friend",   "frost",   "fruit",    "garden",  "gentle",   "glass",    "gold",    "grain",
    "grass",   "green",   "guest",    "guitar",  "hammer",   "harbour", "harvest",  "heart",    "hill",    "history",
    "home",    "honey",   "horse",    "house",   "hundred",  "island",  "ivory",    "jacket",   "journey", "juice",
    "kettle",  "kitchen", "kite",     "ladder",  "lake",     "lamp",    "language", "leaf",     "lemon",   "letter",
    "library", "light",   "linen",    "lion",    "little",   "lunch",   "machine",  "maple",    "market",  "meadow",
    "melody",  "memory",  "metal",    "middle",  "milk",     "minute",  "mirror",   "moment",   "moon",    "morning",
    "mother",  "motion",  "mountain", "music",   "narrow",   "needle",  "north",    "notebook", "number",  "oak",
    "ocean",   "office",  "olive",    "orange",  "orchard",  "order",   "oven",     "paint",    "paper",   "parcel",
    "park",    "pencil",  "pepper",   "photo",   "piano",    "picture", "pillow",   "planet",   "plate",   "pocket",
    "poem",    "pond",    "potter",   "quiet",   "quilt",    "rabbit",  "rain",     "reason",   "ribbon",  "river",
    "road",    "rocket",  "room",     "rose",    "sail",     "salt",    "sand",     "school",   "season",  "second",
    "shelf",   "shell",   "ship",     "shirt",   "silver",   "simple",  "sister",   "smile",    "snow",    "soft",
    "song",    "south",   "spring",   "square",  "star",     "station", "stone",    "story",    "street",  "sugar",
    "summer",  "sunset",  "table",    "teacher", "tea",      "thread",  "ticket",   "timber",   "tower",   "town",
    "train",   "travel",  "tree",     "tulip",   "valley",   "velvet",  "village",  "violin",   "walnut",  "water",
    "wave",    "weather", "west",     "wheat",   "window",   "winter",  "wonder",   "wood",     "wool",    "yellow"};

inline constexpr std::array<std::string_view, 50> given = {
    "Alice", "Amelia", "Anna",  "Arthur", "Ben",   "Carlos", "Chloe", "Clara",  "Daniel", "David",
    "Elena", "Emil",   "Emma",  "Eva",    "Felix", "Finn",   "Grace", "Hannah", "Henry",  "Hugo",
    "Ida",   "Isaac",  "Jack",  "James",  "Jane",  "Jonas",  "Julia", "Karl",   "Laura",  "Leo",
    "Lily",  "Lucas",  "Marie", "Martin", "Mary",  "Max",    "Mia",   "Nina",   "Noah",   "Olga",
    "Oscar", "Paul",   "Peter", "Rosa",   "Ruth",  "Samuel", "Sarah", "Sofia",  "Thomas", "Zoë"};

inline constexpr std::array<std::string_view, 50> family = {
    "Adams",   "Andersen", "Baker",   "Bauer",  "Brown",   "Carter", "Clark",  "Cooper", "Davies",  "Dubois",
    "Evans",   "Fischer",  "Foster",  "Garcia", "Green",   "Hall",   "Hansen", "Harris", "Hill",    "Hughes",
    "Jensen",  "Johnson",  "Jones",   "Keller", "King",    "Lewis",  "Lopez",  "Martin", "Meyer",   "Miller",
    "Moore",   "Müller",   "Nilsson", "Novak",  "O'Brien", "Olsen",  "Parker", "Price",  "Roberts", "Rossi",
    "Schmidt", "Smith",    "Taylor",  "Turner", "Walker",  "Weber",  "White",  "Wilson", "Wood",    "Wright"};

inline constexpr std::array<std::string_view, 30> chinese_family = {
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高",
    "林", "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧"};

inline constexpr std::array<std::string_view, 32> chinese_given = {
    "伟",   "芳",   "娜",   "敏",   "静",   "丽",   "强",   "磊",   "军",   "洋",   "勇",
    "艳",   "杰",   "娟",   "涛",   "明",   "超",   "秀英", "小明", "慧梅", "建国", "志强",
    "晓东", "雅婷", "思远", "文博", "子涵", "欣怡", "浩然", "雨桐", "佳宁", "天宇"};

}  // namespace lakh::load::words
