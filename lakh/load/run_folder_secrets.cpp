#include <lakh/load/run_folder.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace lakh::load {
namespace {

constexpr std::string_view hidden = "***";

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return result;
}

// Where in the text a name begins that says that its value is a secret; npos if there is none.
std::size_t find_secret_name(std::string_view text) {
  constexpr std::array<std::string_view, 13> parts{"password",      "passwd",      "passphrase", "secret", "token",
                                                   "authorization", "api-key",     "api_key",    "apikey", "cookie",
                                                   "credential",    "private-key", "signature"};
  const std::string low = lower(text);
  std::size_t first = std::string::npos;
  for (const std::string_view part : parts) first = std::min(first, low.find(part));
  return first;
}

bool is_secret_name(std::string_view raw) {
  constexpr std::array<std::string_view, 4> whole{"auth", "user", "bearer", "pass"};
  std::string name = lower(raw);
  name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
  return std::find(whole.begin(), whole.end(), name) != whole.end() || find_secret_name(name) != std::string::npos;
}

// Where the secret value begins in "--token=x", "Authorization: Bearer x", "a=b&password=x" or {"password": "x"}; npos
// if there is none. All that follows it is taken for a part of it: better too much is hidden than too little.
std::size_t find_secret_value(std::string_view word) {
  std::size_t name = find_secret_name(word);
  if (const std::size_t first = word.find_first_of(":="); name == std::string::npos && first != std::string::npos) {
    if (is_secret_name(word.substr(0, first))) name = 0;
  }
  if (name == std::string::npos) return name;
  const std::size_t sign = word.find_first_of(":=", name);
  if (sign == std::string::npos) return sign;
  return std::min(word.find_first_not_of(' ', sign + 1), word.size());
}

// "https://user:password@host/?token=x" to "https://***@host/?token=***".
std::string hide_in_url(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return std::string(text);
  std::string result(text.substr(0, scheme + 3));
  std::string_view rest = text.substr(scheme + 3);
  const std::size_t authority = std::min(rest.find_first_of("/?# "), rest.size());
  if (const std::size_t at = rest.substr(0, authority).rfind('@'); at != std::string_view::npos) {
    result += hidden;
    rest.remove_prefix(at);
  }
  const std::size_t query = std::min(rest.find('?'), rest.size());
  result += rest.substr(0, query);
  rest.remove_prefix(query);
  while (!rest.empty()) {  // each turn takes "?name=value" or "&name=value"
    const std::size_t end = std::min(rest.find('&', 1), rest.size());
    const std::string_view pair = rest.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && is_secret_name(pair.substr(1, equals - 1))) {
      result.append(pair.substr(0, equals + 1)).append(hidden);
    } else {
      result += pair;
    }
    rest.remove_prefix(end);
  }
  return result;
}

}  // namespace

std::vector<std::string> without_secrets(std::span<const std::string> words) {
  std::vector<std::string> result;
  bool hide_next = false;
  for (const std::string& word : words) {
    if (hide_next) {
      result.emplace_back(hidden);
      hide_next = false;
      continue;
    }
    if (word.find("://") != std::string::npos && !word.starts_with('-') && !word.starts_with('{') &&
        word.find(' ') == std::string::npos) {
      result.push_back(hide_in_url(word));
      continue;
    }
    const std::size_t secret = find_secret_value(word);
    if (secret != std::string::npos) {
      result.push_back(word.substr(0, secret) + std::string(hidden));
      continue;
    }
    const std::string* next = &word == &words.back() ? nullptr : &word + 1;
    const bool credentials = word == "-u" && next != nullptr && next->find(':') != std::string::npos;
    hide_next = word.starts_with('-') && (credentials || is_secret_name(word));
    result.push_back(hide_in_url(word));
  }
  return result;
}

}  // namespace lakh::load
