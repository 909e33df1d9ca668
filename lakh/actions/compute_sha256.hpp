// Work that needs the processor and nothing else: SHA-256 of a text, and of that digest again, and so on.
//
//   lakh::actions::sha256_rounds work(20000);
//   std::string hex = work.of("order 7");       // after some milliseconds
//
// One round is what `sha256sum` prints. Each further round takes the 32 bytes of the digest before it, so no round can
// begin before the last one has ended: the work cannot be split.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace lakh::actions {

class sha256_rounds {
 public:
  static constexpr std::uint64_t most = 100'000'000;  // some twenty seconds of one processor

  // 1 … most. Throws error if OpenSSL has no SHA-256.
  explicit sha256_rounds(std::uint64_t rounds);
  ~sha256_rounds();
  sha256_rounds(const sha256_rounds&) = delete;
  sha256_rounds& operator=(const sha256_rounds&) = delete;

  // In hexadecimal, lower case. Does not give the processor away until it is done. For one thread at a time.
  std::string of(std::string_view text);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::actions
