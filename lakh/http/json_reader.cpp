#include <lakh/core/text.hpp>
#include <lakh/http/json_reader.hpp>

#include <vector>

namespace lakh::http {
namespace {

std::string got(std::string_view raw) {
  switch (raw.empty() ? '\0' : raw.front()) {
    case '{': return "an object";
    case '[': return "an array";
    default: return shortened(raw);
  }
}

// One bit per member of an object, without memory from the heap for up to 128.
class seen_set {
 public:
  explicit seen_set(std::size_t size) {
    if (size > inside * 64) more_.resize((size + 63) / 64);
  }
  // False if it was there already.
  bool insert(std::size_t i) noexcept {
    std::uint64_t& word = words()[i / 64];
    const std::uint64_t bit = std::uint64_t{1} << (i % 64);
    const bool fresh = (word & bit) == 0;
    word |= bit;
    return fresh;
  }
  [[nodiscard]] bool contains(std::size_t i) noexcept { return (words()[i / 64] >> (i % 64) & 1U) != 0; }

 private:
  static constexpr std::size_t inside = 2;
  std::uint64_t* words() noexcept { return more_.empty() ? few_ : more_.data(); }
  std::uint64_t few_[inside] = {};
  std::vector<std::uint64_t> more_;
};

}  // namespace

json_kind json_reader::next() noexcept {
  if (failed()) return json_kind::none;
  cursor_.skip_space();
  switch (cursor_.peek()) {
    case '{': return json_kind::object;
    case '[': return json_kind::array;
    case '"': return json_kind::string;
    case 't':
    case 'f': return json_kind::boolean;
    case 'n': return json_kind::null;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return json_kind::number;
    default: return json_kind::none;
  }
}

std::string_view json_reader::value() noexcept {
  std::string_view raw;
  if (failed()) return raw;
  if (const json_status status = cursor_.value(raw); status != json_status::ok) {
    fail(status);
    return {};
  }
  return raw;
}

bool json_reader::string(std::string& out) {
  out.clear();
  const std::string_view raw = value();
  return raw.size() >= 2 && raw.front() == '"' && append_json_unescaped(out, raw.substr(1, raw.size() - 2));
}

void json_reader::refuse(const value_place& at, std::string expected) {
  const std::string_view raw = value();
  note(at, std::move(expected), raw);
}

void json_reader::note(const value_place& at, std::string expected, std::string_view raw) {
  if (!failed() && !errors_.full()) errors_.add(at.text(), std::move(expected), got(raw));
}

bool json_reader::enter() noexcept {
  if (depth_ == json_depth_limit) {
    fail(json_status::too_deep);
    return false;
  }
  ++depth_;
  return true;
}

void json_reader::object(void* into, std::span<const member_reader> members, bool allow_unknown,
                         const value_place& at) {
  if (!cursor_.take('{')) return fail(json_status::malformed);
  if (!enter()) return;
  seen_set seen(members.size());
  std::size_t likely = 0;  // members mostly come in the order in which they are declared
  cursor_.skip_space();
  if (!cursor_.take('}')) {
    do {
      cursor_.skip_space();
      std::string_view name;
      if (const json_status status = cursor_.string(name); status != json_status::ok) return fail(status);
      cursor_.skip_space();
      if (!cursor_.take(':')) return fail(json_status::malformed);

      std::size_t i = likely;
      if (i == members.size() || members[i].name != name)
        for (i = 0; i < members.size() && !json_string_equals(name, members[i].name);) ++i;
      if (i == members.size()) {
        const std::string_view raw = value();
        if (!allow_unknown && !failed() && !errors_.full()) {
          std::vector<std::string_view> known;
          for (const member_reader& m : members) known.push_back(m.name);
          const std::string_view meant = nearest(name, known);
          const std::string field = shortened(name);
          errors_.add(value_place(at, field).text(),
                      meant.empty() ? "no such field" : "no such field; did you mean '" + std::string(meant) + "'?",
                      got(raw));
        }
      } else if (!seen.insert(i)) {
        refuse(value_place(at, members[i].name), "to be given once");
      } else {
        members[i].read(*this, into, value_place(at, members[i].name));
        likely = i + 1;
      }
      if (failed()) return;
      cursor_.skip_space();
    } while (cursor_.take(','));
    if (!cursor_.take('}')) return fail(json_status::malformed);
  }
  --depth_;
  for (std::size_t i = 0; i < members.size(); ++i)
    if (members[i].required && !seen.contains(i) && !errors_.full())
      errors_.add(value_place(at, members[i].name).text(), members[i].expected(), "nothing");
}

void json_reader::array(void* context, void (*read)(void* context, json_reader& in, std::size_t index)) {
  if (!cursor_.take('[')) return fail(json_status::malformed);
  if (!enter()) return;
  cursor_.skip_space();
  if (!cursor_.take(']')) {
    std::size_t index = 0;
    do {
      read(context, *this, index++);
      if (failed()) return;
      cursor_.skip_space();
    } while (cursor_.take(','));
    if (!cursor_.take(']')) return fail(json_status::malformed);
  }
  --depth_;
}

void json_reader::end() noexcept {
  if (failed()) return;
  cursor_.skip_space();
  if (!cursor_.at_end()) fail(json_status::malformed);
}

}  // namespace lakh::http
