// Two programs that hold the same key make sure of each other before they talk: mutual challenge and response with
// HMAC-SHA256 (RFC 2104), over framed messages.
//
//   const lakh::shared_key key = lakh::shared_key::from_file("/run/secrets/pool.key");
//   co_await lakh::authenticate(connection, key, lakh::handshake_side::accepting, "worker pool");
//
// The messages (A accepts connections, B made this one; nA, nB: 32 random bytes each, new for each connection):
//   A → B   "C" "lakh-1" nA                                              challenge
//   B → A   "P" nB HMAC(key, "lakh-1 connecting" 0 purpose 0 nA nB)      B's proof
//   A → B   "P" HMAC(key, "lakh-1 accepting" 0 purpose 0 nA nB)          A's proof;  or "R": refused
//
// 1. A proof is good for one connection (both sides' random bytes are in it), one direction (so a proof that is sent
//    back proves nothing) and one purpose (so what is said to a pool opens no manager).
// 2. Who connects proves first: a stranger who knocks learns nothing that has to do with the key.
// 3. Proofs are compared in constant time. Nothing else is read from a peer before it has proved itself; messages are
//    bounded to 128 bytes, and the whole handshake by a time.
// 4. It proves who is there when the connection begins. It does not encrypt: where others can read or change what
//    travels between machines, lead the connection through a tunnel.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/async/task.hpp>
#include <lakh/core/error.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace lakh {

class framed_stream;

// The peer could not prove that it holds the key, or refused our proof.
class authentication_error : public error {
 public:
  explicit authentication_error(const std::string& what, std::string hint = {});
};

// A secret of at least 16 bytes. Its memory is wiped when it goes, or is assigned another.
class shared_key {
 public:
  static constexpr std::size_t least = 16;

  // Throws input_error if it is too short.
  explicit shared_key(std::string bytes);
  // The file's bytes, without one newline at their end. Throws storage_error if it cannot be read; input_error if it is
  // too short, or if others than its owner may read it.
  static shared_key from_file(const std::filesystem::path& file);
  // Throws input_error if the variable is not set, or too short.
  static shared_key from_environment(const std::string& variable);
  // 32 random bytes: for processes that inherit it.
  static shared_key random();

  shared_key(const shared_key&) = default;
  shared_key(shared_key&&) noexcept = default;
  shared_key& operator=(shared_key other) noexcept {
    bytes_.swap(other.bytes_);  // which is wiped as it goes
    return *this;
  }
  ~shared_key();

  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

enum class handshake_side : std::uint8_t { connecting, accepting };

inline constexpr std::size_t most_handshake_message = 128;

// The handshake without I/O: messages in, messages out.
class handshake {
 public:
  static constexpr std::size_t nonce_size = 32;

  // `key` outlives it. Throws error where the system gives no random bytes.
  handshake(const shared_key& key, handshake_side side, std::string_view purpose);

  enum class state : std::uint8_t { going_on, proved, refused };
  [[nodiscard]] state now() const noexcept { return state_; }

  // What to send first: empty on the connecting side.
  [[nodiscard]] std::string first() const;
  // Takes the peer's next message, and hands back what to send (possibly nothing), also where the peer is refused.
  std::string take(std::string_view message);
  // Why it was refused, and what to do about it.
  [[nodiscard]] authentication_error refusal(std::string_view peer) const;

 private:
  using nonce = std::array<char, nonce_size>;
  [[nodiscard]] std::string proof(handshake_side of, std::string_view accepting, std::string_view connecting) const;
  std::string refuse(const char* why);

  const shared_key& key_;
  std::string purpose_;
  std::string reason_;
  nonce own_;
  nonce peers_{};
  handshake_side side_;
  state state_ = state::going_on;
  bool challenged_ = false;
};

// Returns when each side has proved itself. Throws authentication_error, timeout_error, closed_error. The stream's
// message limit is what it was.
task<void> authenticate(framed_stream& with, const shared_key& key, handshake_side side, std::string purpose,
                        duration limit = std::chrono::seconds(10));
// The same for a thread, over a plain descriptor.
void authenticate(int descriptor, const shared_key& key, handshake_side side, std::string_view purpose,
                  duration limit = std::chrono::seconds(10));

}  // namespace lakh
