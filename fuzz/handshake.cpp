// Framed messages and the handshake over them, of a peer without the key: any bytes, in any cut. The messages are the
// same in any cut; nobody is let in; a proof with a single wrong bit is refused.
#include "expect.hpp"

#include <lakh/core/error.hpp>
#include <lakh/parallel/authentication.hpp>
#include <lakh/parallel/framed.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace lakh;

constexpr std::size_t most = 300;

// All that comes out of it: the messages, and how it ended.
std::string messages_of(std::string_view bytes, std::size_t piece, std::vector<std::string>& messages) {
  frame_decoder decoder(most);
  try {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      std::string_view part = bytes.substr(at, piece);
      while (!part.empty()) {
        const std::span<char> room = decoder.room();
        fuzz::expect(!room.empty(), "there is always room");
        const std::size_t size = part.copy(room.data(), room.size());
        decoder.filled(size);
        part.remove_prefix(size);
        while (const auto message = decoder.next()) {
          fuzz::expect(message->size() <= most, "no message is larger than the limit");
          messages.emplace_back(*message);
        }
      }
    }
    decoder.at_end("the peer");
    return "end";
  } catch (const error& e) {
    return e.what();
  }
}

void shake(const std::vector<std::string>& messages, handshake_side side) {
  static const shared_key key("the key of the fuzzer");
  handshake ours(key, side, "fuzz");
  (void)ours.first();
  for (const std::string& message : messages) {
    (void)ours.take(message);
    fuzz::expect(ours.now() != handshake::state::proved, "nobody without the key is let in");
  }
}

// A proof of one who has the key, changed by `mask`.
void change(std::string_view mask) {
  static const shared_key key("the key of the fuzzer");
  handshake honest(key, handshake_side::connecting, "fuzz");
  handshake ours(key, handshake_side::accepting, "fuzz");
  std::string proof = honest.take(ours.first());
  bool changed = false;
  for (std::size_t i = 0; i < std::min(mask.size(), proof.size()); ++i) {
    proof[i] = static_cast<char>(proof[i] ^ mask[i]);
    changed = changed || mask[i] != 0;
  }
  (void)ours.take(proof);
  fuzz::expect((ours.now() == handshake::state::proved) == !changed, "a proof is right to the bit, or refused");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::vector<std::string> whole;
  std::vector<std::string> cut;
  const std::string end = messages_of(bytes, bytes.size() + 1, whole);
  fuzz::expect_equal(end, messages_of(bytes, 1 + data[0] % 16, cut), "the cut decides nothing");
  fuzz::expect(whole == cut, "the cut changes no message");
  shake(whole, (data[1] & 1) != 0 ? handshake_side::connecting : handshake_side::accepting);
  change(bytes);
  return 0;
}
