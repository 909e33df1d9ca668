// Requests: the same in any cut; and what is read, written again, and read again is the same.
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

std::string write(const request_head& head) {
  std::string out;
  lakh::fuzz::expect(append_request_line(out, head.method, head.target), "a request line that was read can be written");
  for (const field& f : head.fields)
    lakh::fuzz::expect(append_field(out, f.name, f.value), "a field that was read can be written");
  append_head_end(out);
  return out;
}

void read_again(std::string_view bytes) {
  request_head first;
  if (parse_request_head(bytes, first).state != parse_state::complete) return;
  const std::string written = write(first);
  request_head second;
  const auto result = parse_request_head(written, second);
  // 1.0 is written as 1.1, where Host is a duty.
  if (first.minor_version == 0 && result.error == http1_error::missing_host) return;
  lakh::fuzz::expect(result.state == parse_state::complete && result.size == written.size(), "a written head reads");
  lakh::fuzz::expect_equal(write(second), written, "a written head reads back as it was");
  lakh::fuzz::expect(first.framing == second.framing && first.content_length == second.content_length,
                     "a written head has the same body");
  lakh::fuzz::expect_equal(first.authority, second.authority, "a written head has the same authority");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  transcript_options options;
  options.positions = true;
  options.head.max_head = 1024;  // small, so that limits are met
  options.head.max_target = 64;
  options.head.max_fields = 8;
  options.body.max_body = 512;
  options.body.max_chunk_extensions = 32;
  options.body.max_trailers = 64;
  const std::string_view whole[] = {bytes};
  lakh::fuzz::expect_equal(request_transcript(whole, options),
                           request_transcript(lakh::fuzz::cut(bytes, data[0]), options),
                           "a request means the same in any cut");
  read_again(bytes);
  return 0;
}
