// JSON paths: the walk over the text finds what a parser finds, and survives everything else.
// Input: the path, a line end, the document.
#include "expect.hpp"

#include <lakh/core/error.hpp>
#include <lakh/core/json_path.hpp>
#include <lakh/core/json_text.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using lakh::fuzz::expect;
using lakh::fuzz::expect_equal;

boost::json::value parse(std::string_view text, boost::system::error_code& code) {
  boost::json::parse_options options;
  options.max_depth = lakh::json_depth_limit - 1;
  return boost::json::parse(text, code, {}, options);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > (1U << 16)) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(bytes.find('\n'), bytes.size());
  const std::string_view document = bytes.substr(std::min(line + 1, bytes.size()));
  boost::system::error_code code;
  const auto parsed = parse(document, code);
  if (!code) expect(lakh::check_json(document) == lakh::json_status::ok, "what a parser takes is JSON");
  try {
    const lakh::json_path path(bytes.substr(0, line));
    const auto raw = path.raw(document);
    expect((raw.status == lakh::json_lookup::found) == !raw.text.empty(), "what is found is not empty");
    if (raw.status == lakh::json_lookup::found) {
      expect(
          raw.text.data() >= document.data() && raw.text.data() + raw.text.size() <= document.data() + document.size(),
          "what is found is inside the document");
      expect(lakh::check_json(raw.text) == lakh::json_status::ok, "what is found is JSON");
      std::string text = "before";
      if (!lakh::append_json_text(text, raw.text)) expect_equal(text, "before", "a failed decoding leaves no trace");
    }
    if (code) return 0;
    // Written anew, so that no name stands twice: of those the walk takes the first and a parser the last.
    const std::string anew = boost::json::serialize(parsed);
    if (lakh::check_json(anew) != lakh::json_status::ok)
      return 0;  // 1e999 became an infinity, which JSON does not have
    const auto walked = path.raw(anew);
    const auto* found = path.find(parsed);
    expect((found != nullptr) == (walked.status == lakh::json_lookup::found), "both forms find, or neither");
    if (found != nullptr) expect_equal(boost::json::serialize(*found), walked.text, "both forms find the same");
  } catch (const lakh::input_error&) {
  }
  return 0;
}
