// Responses: the same in any cut, to any method, with and without the end of the stream.
#include "expect.hpp"
#include "http1_cuts.hpp"

#include <lakh/wire/http1_head.hpp>
#include <lakh/wire/http1_write.hpp>
#include <lakh/wire/transcript.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace lakh::wire;

std::string write(const response_head& head) {
  std::string out;
  append_status_line(out, head.status);
  for (const field& f : head.fields)
    lakh::fuzz::expect(append_field(out, f.name, f.value), "a field that was read can be written");
  append_head_end(out);
  return out;
}

void read_again(std::string_view bytes, http_method method) {
  response_head first;
  if (parse_response_head(bytes, first, method).state != parse_state::complete) return;
  const std::string written = write(first);
  response_head second;
  const auto result = parse_response_head(written, second, method);
  lakh::fuzz::expect(result.state == parse_state::complete && result.size == written.size(), "a written head reads");
  lakh::fuzz::expect_equal(write(second), written, "a written head reads back as it was");
  lakh::fuzz::expect(first.framing == second.framing && first.content_length == second.content_length,
                     "a written head has the same body");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  transcript_options options;
  options.positions = true;
  options.request_method = static_cast<http_method>(data[1] % 10);
  options.eof = (data[1] & 128) != 0;
  options.head.max_head = 1024;  // small, so that limits are met
  options.head.max_fields = 8;
  options.body.max_body = 512;
  options.body.max_chunk_extensions = 32;
  options.body.max_trailers = 64;
  const std::string_view whole[] = {bytes};
  lakh::fuzz::expect_equal(response_transcript(whole, options),
                           response_transcript(lakh::fuzz::cut(bytes, data[0]), options),
                           "a response means the same in any cut");
  read_again(bytes, options.request_method);
  return 0;
}
