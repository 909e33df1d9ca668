// Templates: whatever text is compiled and whatever values it meets, no value breaks out of where it stands.
// Input: one byte for the format, the template up to a line of "--", and the value that all cells and kept values have.
#include "expect.hpp"

#include <lakh/core/json_text.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/template.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using lakh::fuzz::expect;
using lakh::fuzz::expect_equal;
using namespace lakh::load;

bool has_any(std::string_view text, bool space_too, bool tab_is_fine) {
  return std::ranges::any_of(text, [&](char ch) {
    const auto c = static_cast<unsigned char>(ch);
    return (c < 0x20 && !(tab_is_fine && c == '\t')) || c == 0x7f || (space_too && c == ' ');
  });
}

void check(const text_template& compiled, text_format format, std::string_view value) {
  const std::array<std::string_view, 2> cells = {value, value};
  const std::array<std::string_view, 2> kept = {value, std::string_view()};
  render_input input;
  input.run = "run-1";
  input.item = 7;
  input.random = item_random(run_random(1, "run-1"), 7);
  input.start = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000));
  input.cells = cells;
  input.kept = kept;
  std::string once = "before ";
  const auto result = compiled.render(input, once);
  std::string again = "before ";
  expect(compiled.render(input, again).status == result.status, "rendering again ends the same way");
  expect_equal(once, again, "rendering again gives the same bytes");
  if (!result) {
    expect_equal(once, "before ", "a failed rendering leaves no trace");
    expect(!compiled.explain(result).empty(), "a failure is explained");
    return;
  }
  const std::string_view made = std::string_view(once).substr(7);
  if (compiled.constant())
    expect_equal(compiled.constant_text(), made, "a constant template renders its constant text");
  switch (format) {
    case text_format::json:
      expect(lakh::check_json(made) != lakh::json_status::malformed, "what is rendered as JSON is JSON");
      expect(lakh::is_utf8(made), "what is rendered as JSON is UTF-8");
      break;
    case text_format::url: expect(!has_any(made, true, false), "a URL has no space and no control character"); break;
    case text_format::form: expect(!has_any(made, true, false), "a form has no space and no control character"); break;
    case text_format::header: expect(!has_any(made, false, true), "a header has no control character"); break;
    case text_format::plain: break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 4096) return 0;
  const auto format = static_cast<text_format>(data[0] % 5);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t end = std::min(bytes.find("\n--\n"), bytes.size());
  const std::string_view text = bytes.substr(0, end);
  std::string_view value = bytes.substr(std::min(end + 4, bytes.size()));
  if (!lakh::is_utf8(value)) value = "plain";  // feeds have been checked
  template_scope scope;
  scope.set_environment([](std::string_view) { return std::optional<std::string>("from \"outside\"\r\n"); });
  scope.set_target("http://127.0.0.1:8080");
  const std::vector<std::string> columns = {"name", "email"};
  scope.add_feed("customers", columns);
  scope.add_value("qty", "{{int(1,5)}}");
  scope.add_value("who", "{{customers.name}} {{qty}}");
  scope.add_kept("create", "id");
  scope.add_kept("create", "none");
  try {
    check(text_template(text, format, scope, "fuzz", lakh::input_place("f", 1, 1)), format, value);
  } catch (const template_error& e) {
    expect(e.offset() + e.length() <= e.text().size() + 2, "a mistake is inside the template");
  } catch (const lakh::input_error&) {
  }
  return 0;
}
