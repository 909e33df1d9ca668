#include <lakh/core/error.hpp>
#include <lakh/http/router.hpp>
#include <lakh/wire/ascii.hpp>

#include <algorithm>
#include <optional>

namespace lakh::http {
namespace {

constexpr std::size_t most_segments = 64;  // in a pattern: bounds the depth of a search

struct segment {
  enum class kind_code : std::uint8_t { text, one, rest };
  std::string_view text;  // or the name
  kind_code kind = kind_code::text;
};

[[noreturn]] void malformed(std::string_view pattern, const std::string& why, std::string hint = {}) {
  throw input_error("route pattern '" + std::string(pattern) + "': " + why, std::move(hint));
}

std::vector<segment> segments_of(std::string_view pattern) {
  if (!pattern.starts_with('/')) malformed(pattern, "does not begin with '/'");
  std::vector<segment> out;
  std::size_t captures = 0;
  for (std::size_t at = 1;;) {
    const std::size_t end = std::min(pattern.find('/', at), pattern.size());
    std::string_view text = pattern.substr(at, end - at);
    segment s{text, segment::kind_code::text};
    if (text.starts_with('{') && text.ends_with('}')) {
      text = text.substr(1, text.size() - 2);
      s.kind = segment::kind_code::one;
      if (text.ends_with("...")) {
        text.remove_suffix(3);
        s.kind = segment::kind_code::rest;
        if (end != pattern.size()) malformed(pattern, "{" + std::string(text) + "...} is not at the end");
      }
      s.text = text;
      if (text.empty() || !std::ranges::all_of(text, [](char c) {
            return wire::is(c, wire::class_alpha | wire::class_digit) || c == '_' || c == '-';
          }))
        malformed(pattern, "'" + std::string(text) + "' is not a name",
                  "names consist of letters, digits, '_' and '-'");
      if (std::ranges::any_of(out,
                              [&](const segment& o) { return o.kind != segment::kind_code::text && o.text == text; }))
        malformed(pattern, "the name '" + std::string(text) + "' stands twice");
      if (++captures > request::most_captures)
        malformed(pattern, "more than " + std::to_string(request::most_captures) + " names");
    } else if (text.find_first_of("{}") != std::string_view::npos) {
      malformed(pattern, "braces enclose whole segments only", "write /files/{name}, not /files/x{name}");
    } else if (text.find_first_of("?#") != std::string_view::npos) {
      malformed(pattern, "is a path, without query and fragment", "take queries as http::query<\"name\"> arguments");
    }
    out.push_back(s);
    if (out.size() > most_segments) malformed(pattern, "more than " + std::to_string(most_segments) + " segments");
    if (end == pattern.size()) return out;
    at = end + 1;
  }
}

// Whether an encoded segment means this text.
bool means(std::string_view encoded, std::string_view text) noexcept {
  std::size_t at = 0;
  for (std::size_t i = 0; i < encoded.size(); ++i, ++at) {
    char c = encoded[i];
    if (c == '%') {
      if (encoded.size() - i < 3) return false;
      const int high = wire::hex_value(encoded[i + 1]);
      const int low = wire::hex_value(encoded[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (at == text.size() || text[at] != c) return false;
  }
  return at == text.size();
}

void write_allow(router::place& at) {
  at.allow.clear();
  for (std::size_t i = 0; i < router::methods; ++i) {
    const auto method = static_cast<wire::http_method>(i);
    const bool by_itself = method == wire::http_method::options ||
                           (method == wire::http_method::head && at.at(wire::http_method::get) != router::none);
    if (at.to[i] == router::none && !by_itself) continue;
    if (!at.allow.empty()) at.allow += ", ";
    at.allow += wire::name(method);
  }
}

}  // namespace

struct router::node {
  struct child {
    std::string text;
    std::unique_ptr<node> to;
  };
  std::vector<child> texts;  // sorted by length, then by text
  std::unique_ptr<node> one;
  std::unique_ptr<place> rest;
  std::unique_ptr<place> here;

  static bool before(const child& a, std::string_view b) noexcept {
    return a.text.size() != b.size() ? a.text.size() < b.size() : a.text < b;
  }
  [[nodiscard]] const node* find(std::string_view text) const noexcept {
    if (texts.size() <= 8) {
      for (const child& c : texts)
        if (c.text == text) return c.to.get();
      return nullptr;
    }
    const auto found = std::lower_bound(texts.begin(), texts.end(), text, before);
    return found != texts.end() && found->text == text ? found->to.get() : nullptr;
  }
  [[nodiscard]] const node* find_encoded(std::string_view text) const noexcept {
    for (const child& c : texts)
      if (means(text, c.text)) return c.to.get();
    return nullptr;
  }
};

router::router() : root_(std::make_unique<node>()) {}
router::router(router&&) noexcept = default;
router& router::operator=(router&&) noexcept = default;
router::~router() = default;

void router::add(wire::http_method method, std::string_view pattern, std::size_t to) {
  if (method == wire::http_method::other || method == wire::http_method::connect)
    malformed(pattern, "cannot be routed by this method");
  node* at = root_.get();
  std::unique_ptr<place>* end = nullptr;
  for (const segment& s : segments_of(pattern)) {
    switch (s.kind) {
      case segment::kind_code::text: {
        const auto where = std::lower_bound(at->texts.begin(), at->texts.end(), s.text, node::before);
        if (where != at->texts.end() && where->text == s.text)
          at = where->to.get();
        else
          at = at->texts.insert(where, {std::string(s.text), std::make_unique<node>()})->to.get();
        break;
      }
      case segment::kind_code::one:
        if (!at->one) at->one = std::make_unique<node>();
        at = at->one.get();
        break;
      case segment::kind_code::rest: end = &at->rest; break;
    }
  }
  if (end == nullptr) end = &at->here;
  if (!*end) *end = std::make_unique<place>();
  std::size_t& slot = (*end)->to[static_cast<std::size_t>(method)];
  if (slot != none)
    malformed(pattern, std::string(wire::name(method)) + " is taken: an earlier route matches the same paths",
              "each method and pattern can be routed once; names in braces make no difference");
  slot = to;
  write_allow(**end);
}

// One search. Depth first along the path, so that what is captured grows and shrinks with the depth.
struct router::search {
  wire::http_method method;
  captures& out;
  bool encoded;
  const place* other = nullptr;  // the first place that matches, but not with this method
  std::optional<captures> other_out;

  // True if the search is over.
  bool settle(const place* found) noexcept {
    if (found == nullptr) return false;
    if (found->at(method) != none || (method == wire::http_method::head && found->at(wire::http_method::get) != none)) {
      other = found;
      return true;
    }
    if (other == nullptr) {
      other = found;
      other_out = out;
    }
    return false;
  }

  // `path` is what follows a '/'.
  bool walk(const node& at, std::string_view path, std::size_t captured) noexcept {
    const std::size_t slash = path.find('/');
    const std::string_view text = path.substr(0, slash);
    const node* next = encoded ? at.find_encoded(text) : at.find(text);
    if (next != nullptr && step(*next, path, slash, captured)) return true;
    if (at.one && !text.empty()) {
      out[captured] = text;
      if (step(*at.one, path, slash, captured + 1)) return true;
    }
    if (at.rest) {
      out[captured] = path;
      if (settle(at.rest.get())) return true;
    }
    return false;
  }
  bool step(const node& to, std::string_view path, std::size_t slash, std::size_t captured) noexcept {
    return slash == std::string_view::npos ? settle(to.here.get()) : walk(to, path.substr(slash + 1), captured);
  }
};

const router::place* router::find(wire::http_method method, std::string_view path, captures& out) const noexcept {
  if (!path.starts_with('/')) return nullptr;
  search s{method, out, path.find('%') != std::string_view::npos, nullptr, std::nullopt};
  if (!s.walk(*root_, path.substr(1), 0) && s.other != nullptr) out = *s.other_out;
  return s.other;
}

std::vector<std::string> router::names_of(std::string_view pattern) {
  std::vector<std::string> out;
  for (const segment& s : segments_of(pattern))
    if (s.kind != segment::kind_code::text) out.emplace_back(s.text);
  return out;
}

}  // namespace lakh::http
