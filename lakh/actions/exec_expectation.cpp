#include <lakh/actions/exec_expectation.hpp>

#include <algorithm>

#include <regex.h>

namespace lakh::actions {
namespace {

constexpr std::size_t longest_pattern = 4096;

// One or several of a setting.
template <class Each> void for_each_of(const config& node, const std::string& name, const Each& each) {
  if (!node.is_sequence()) return each(node);
  for (const config& one : node.items(name)) each(one);
}

}  // namespace

// POSIX extended regular expressions: what grep -E has, and no stack that grows with the text.
class exec_expectation::pattern {
 public:
  explicit pattern(const config& written, const std::string& name) : text_(written.text(name)) {
    if (text_.size() > longest_pattern) written.fail(name + " is longer than " + std::to_string(longest_pattern));
    if (text_.find('\0') != std::string::npos) written.fail(name + " contains a NUL byte");
    const int code = ::regcomp(&compiled_, text_.c_str(), REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
    if (code == 0) return;
    std::string what(256, '\0');
    what.resize(::regerror(code, &compiled_, what.data(), what.size()) - 1);
    written.fail(name + " is not a regular expression: " + what, "it is read as grep -E reads it");
  }
  pattern(const pattern&) = delete;
  pattern& operator=(const pattern&) = delete;
  ~pattern() { ::regfree(&compiled_); }

  [[nodiscard]] bool found_in(std::string_view bytes) const {
    regmatch_t range{};
    range.rm_eo = static_cast<regoff_t>(bytes.size());
    return ::regexec(&compiled_, bytes.empty() ? "" : bytes.data(), 1, &range, REG_STARTEND) == 0;
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  regex_t compiled_{};
};

exec_expectation::exec_expectation(const config& expect, const load::template_scope& scope, const secret_texts& secrets,
                                   const std::string& label) {
  if (expect.is_null()) return;
  wanted_reader texts(texts_, scope, secrets);
  config_reader reader(expect, "expect");
  if (const config* exit = reader.find("exit")) {
    for_each_of(*exit, "expect.exit",
                [&](const config& one) { exits_.push_back(static_cast<int>(one.integer("expect.exit", 0, 255))); });
    if (exits_.empty()) exit->fail("expect.exit names no code", "leave it out to accept 0 only");
  }
  if (const config* wanted = reader.find("stdout")) out_ = read(*wanted, "expect.stdout", texts, label + "stdout.");
  if (const config* wanted = reader.find("stderr")) err_ = read(*wanted, "expect.stderr", texts, label + "stderr.");
  reader.finish();
}

exec_expectation::of_stream exec_expectation::read(const config& wanted, const std::string& name, wanted_reader& texts,
                                                   const std::string& label) {
  if (!wanted.is_mapping())
    wanted.fail(name + " says what is looked for in it",
                "as in: stdout: {contains: done}; it knows contains, matches, json and empty");
  of_stream stream;
  config_reader reader(wanted, name);
  if (const config* parts = reader.find("contains"))
    for_each_of(*parts, name + ".contains",
                [&](const config& one) { stream.contains.push_back(texts.read(one, label + "contains")); });
  if (const config* patterns = reader.find("matches"))
    for_each_of(*patterns, name + ".matches", [&](const config& one) {
      stream.matches.push_back(std::make_shared<const pattern>(one, name + ".matches"));
    });
  if (const config* values = reader.find("json"))
    stream.json = texts.read_json(*values, name + ".json", label + "json.");
  if (const config* empty = reader.find("empty")) stream.empty = empty->boolean(name + ".empty");
  reader.finish();
  return stream;
}

bool exec_expectation::exit_fits(int code) const noexcept {
  return exits_.empty() ? code == 0 : names_exit(code);
}

bool exec_expectation::names_exit(int code) const noexcept {
  return std::ranges::find(exits_, code) != exits_.end();
}

bool exec_expectation::fits(std::string_view output, std::string_view errors, std::string& why,
                            std::span<const std::string> values) const {
  return stream_fits(out_, "stdout", output, why, values) && stream_fits(err_, "stderr", errors, why, values);
}

bool exec_expectation::stream_fits(const of_stream& wanted, std::string_view name, std::string_view bytes,
                                   std::string& why, std::span<const std::string> values) {
  if (wanted.empty && *wanted.empty != bytes.empty()) {
    why.append(name).append(*wanted.empty ? " is not empty" : " is empty");
    return false;
  }
  for (const wanted_text& one : wanted.contains) {
    if (bytes.find(one.of(values)) != std::string_view::npos) continue;
    why.append(name).append(" does not contain '").append(one.shown(values)).append("'");
    return false;
  }
  for (const auto& one : wanted.matches) {
    if (one->found_in(bytes)) continue;
    why.append(name).append(" does not match '").append(shortened(one->text())).append("'");
    return false;
  }
  return std::ranges::all_of(wanted.json, [&](const wanted_json& one) { return one.fits(bytes, name, why, values); });
}

}  // namespace lakh::actions
