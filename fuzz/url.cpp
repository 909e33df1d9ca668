// URLs and queries: what parses stays what it is when it is taken apart, joined, quoted, and put together again.
#include "expect.hpp"

#include <lakh/wire/percent.hpp>
#include <lakh/wire/url.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using lakh::fuzz::expect;
using lakh::fuzz::expect_equal;

std::string put_together(const lakh::url& u) {
  std::string out;
  if (!u.scheme().empty()) out.append(u.scheme()).append(":");
  if (u.has_authority()) out.append("//").append(u.authority());
  out.append(u.path());
  if (u.has_query()) out.append("?").append(u.query());
  if (u.has_fragment()) out.append("#").append(u.fragment());
  return out;
}

void check(const lakh::url& u) {
  expect_equal(put_together(u), u.text(), "the parts of a URL are the whole URL");
  const auto again = lakh::url::try_parse(u.text());
  expect(again && *again == u && again->host() == u.host(), "a URL parses again as it is");
  expect_equal(lakh::requote(u.text()), u.text(), "a URL needs no more quoting");
  expect(u.target().starts_with('/') || !u.has_authority(), "a target starts with a slash");
  if (u.has_authority()) expect(lakh::same_origin(u, u), "a URL has its own origin");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(bytes.find('\n'), bytes.size());  // base, line end, reference
  const std::string_view base_text = bytes.substr(0, line);
  const std::string_view reference = bytes.substr(std::min(line + 1, bytes.size()));

  if (const auto base = lakh::url::try_parse(base_text)) {
    check(*base);
    if (const auto joined = base->try_join(reference)) {
      check(*joined);
      if (!base->scheme().empty()) expect(!joined->scheme().empty(), "what is joined to a URL with a scheme has one");
    }
  } else {
    expect(base.error().position <= base_text.size(), "an error is inside the text");
  }
  expect_equal(lakh::requote(lakh::requote(bytes)), lakh::requote(bytes), "requoting twice is requoting once");
  expect_equal(lakh::percent_decode(lakh::percent_encode(bytes)).value(), bytes, "percent-encoding comes back");
  if (const auto pairs = lakh::decode_query(bytes)) {
    const auto again = lakh::decode_query(lakh::encode_query(*pairs));
    expect(again && *again == *pairs, "a query comes back");
  }
  return 0;
}
