#include <lakh/core/random.hpp>
#include <lakh/core/text.hpp>
#include <lakh/shop/catalogue.hpp>

#include <array>
#include <utility>

namespace lakh::shop {
namespace {

struct shelf {
  std::string_view letters;
  std::string_view category;
  unsigned count;
  std::int64_t cheapest;  // cents
  std::int64_t dearest;
  std::array<std::string_view, 10> first;
  std::array<std::string_view, 8> second;
};

// A product's name is one word of each list: 80 pairs, of which a shelf uses the first `count`.
constexpr std::array<shelf, 4> shelves{
    {{"TEA",
      "tea",
      80,
      390,
      3990,
      {"Assam", "Darjeeling", "Ceylon", "Keemun", "Longjing", "Oolong", "Sencha", "Pu-erh", "Rooibos", "Earl Grey"},
      {"50 g", "100 g", "250 g", "first flush", "organic", "20 bags", "gift tin", "loose leaf"}},
     {"COF",
      "coffee",
      60,
      650,
      2890,
      {"Yirgacheffe", "Sidamo", "Huila", "Antigua", "Tarrazú", "Yunnan", "Mandheling", "Santos", "Kilimanjaro",
       "House blend"},
      {"250 g beans", "500 g beans", "1 kg beans", "250 g ground", "espresso roast", "decaffeinated", "capsules",
       "organic"}},
     {"CUP",
      "cups",
      30,
      490,
      4500,
      {"Gaiwan", "Mug", "Espresso cup", "Tea bowl", "Travel cup", "Glass", "Cappuccino cup", "Tasting cup",
       "Enamel cup", "Saucer"},
      {"white", "celadon", "cobalt", "black", "speckled", "set of two", "set of six", "hand thrown"}},
     {"POT",
      "pots",
      30,
      1490,
      14900,
      {"Teapot", "Kyusu", "Yixing pot", "Moka pot", "French press", "Pour-over", "Kettle", "Samovar", "Cold brewer",
       "Thermos"},
      {"0.3 l", "0.6 l", "1.0 l", "cast iron", "glass", "stainless", "hand thrown", "with warmer"}}}};

}  // namespace

catalogue::catalogue() {
  for (const shelf& from : shelves) {
    random_sequence prices(mix(0x5eed, from.letters));
    for (unsigned i = 0; i < from.count; ++i) {
      product made;
      made.sku = from.letters;
      made.sku += '-';
      append_padded(made.sku, i + 1, 4);
      made.name = from.first[i % 10];
      made.name += ", ";
      made.name += from.second[(i / 10 + i) % 8];
      made.category = from.category;
      // Prices end in 0 or 5 cents, as they do.
      made.unit_price = prices.between(from.cheapest / 5, from.dearest / 5) * 5;
      made.currency = currency;
      products_.push_back(std::move(made));
    }
  }
}

const product* catalogue::find(std::string_view sku) const noexcept {
  // Computed, not searched: the number says where on its shelf it stands.
  if (sku.size() != 8 || sku[3] != '-') return nullptr;
  unsigned number = 0;
  for (const char digit : sku.substr(4)) {
    if (digit < '0' || digit > '9') return nullptr;
    number = number * 10 + static_cast<unsigned>(digit - '0');
  }
  std::size_t start = 0;
  for (const shelf& from : shelves) {
    if (sku.substr(0, 3) == from.letters)
      return number >= 1 && number <= from.count ? &products_[start + number - 1] : nullptr;
    start += from.count;
  }
  return nullptr;
}

}  // namespace lakh::shop
