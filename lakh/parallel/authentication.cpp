#include <lakh/async/timeout.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/parallel/authentication.hpp>
#include <lakh/parallel/framed.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lakh {
namespace {

constexpr std::string_view version = "lakh-1";
constexpr std::size_t proof_size = 32;
constexpr std::size_t most_key_file = 4096;
constexpr const char* how_to_make = "make one with: (umask 077; openssl rand -hex 32 > FILE)";

void fill_random(std::span<char> room) {
  while (!room.empty()) {
    const ssize_t got = ::getrandom(room.data(), room.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_error(std::error_code(errno, std::system_category()), "get random bytes");
    room = room.subspan(static_cast<std::size_t>(got));
  }
}

std::string without_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

authentication_error::authentication_error(const std::string& what, std::string hint)
    : error(error_kind::status, std::make_error_code(std::errc::permission_denied), what, std::move(hint)) {}

shared_key::shared_key(std::string bytes) : bytes_(std::move(bytes)) {
  if (bytes_.size() < least)
    throw input_error("a shared key of " + std::to_string(bytes_.size()) +
                          " bytes is too short: " + std::to_string(least) + " are the least",
                      how_to_make);
}

shared_key::~shared_key() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

shared_key shared_key::from_file(const std::filesystem::path& file) {
  const unique_fd fd = open_file(file, O_RDONLY);
  struct stat about{};
  if (::fstat(fd.get(), &about) != 0)
    throw storage_error(std::error_code(errno, std::system_category()), "read the key in " + file.string());
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    throw input_error("the key in " + file.string() + " can be read or changed by others than its owner",
                      "chmod 600 " + file.string());
  std::string bytes(most_key_file + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw storage_error(std::error_code(errno, std::system_category()), "read the key in " + file.string());
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > most_key_file)
    throw input_error("the key in " + file.string() + " is larger than " + std::to_string(most_key_file) + " bytes",
                      how_to_make);
  bytes.resize(size);
  try {
    return shared_key(without_newline(std::move(bytes)));
  } catch (const input_error& e) {
    throw input_error(input_place(file.string()), e.what(), e.hint());
  }
}

shared_key shared_key::from_environment(const std::string& variable) {
  const char* const value = std::getenv(variable.c_str());
  if (value == nullptr)
    throw input_error("the environment variable " + variable + " is not set", "it holds the key that both sides share");
  try {
    return shared_key(without_newline(value));
  } catch (const input_error& e) {
    throw input_error(input_place(variable), e.what(), e.hint());
  }
}

shared_key shared_key::random() {
  std::string bytes(32, '\0');
  fill_random(bytes);
  return shared_key(std::move(bytes));
}

handshake::handshake(const shared_key& key, handshake_side side, std::string_view purpose)
    : key_(key), purpose_(purpose), side_(side) {
  fill_random(own_);
}

std::string handshake::first() const {
  if (side_ == handshake_side::connecting) return {};
  return "C" + std::string(version) + std::string(own_.data(), own_.size());
}

std::string handshake::proof(handshake_side of, std::string_view accepting, std::string_view connecting) const {
  std::string text(version);
  text += of == handshake_side::connecting ? " connecting" : " accepting";
  text += '\0';
  text += purpose_;
  text += '\0';
  text += accepting;
  text += connecting;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const std::string_view key = key_.bytes();
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           static_cast<const unsigned char*>(static_cast<const void*>(text.data())), text.size(), digest.data(),
           &size) == nullptr ||
      size != proof_size)
    throw error(error_kind::internal, {}, "authenticate: OpenSSL computed no HMAC-SHA256");
  std::string result;
  for (unsigned i = 0; i < size; ++i) result += static_cast<char>(digest[i]);
  return result;
}

std::string handshake::refuse(const char* why) {
  state_ = state::refused;
  reason_ = why;
  return side_ == handshake_side::accepting ? "R" : "";
}

std::string handshake::take(std::string_view message) {
  if (state_ != state::going_on) return refuse("it said more than the handshake has to say");
  const std::string_view own(own_.data(), own_.size());
  const std::string_view peers(peers_.data(), peers_.size());
  const auto same = [](std::string_view one, std::string_view other) {
    return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
  };
  if (side_ == handshake_side::accepting) {
    if (message.size() != 1 + nonce_size + proof_size || message.front() != 'P')
      return refuse("it does not speak this handshake");
    message.remove_prefix(1);
    std::copy_n(message.begin(), nonce_size, peers_.begin());
    if (!same(message.substr(nonce_size), proof(handshake_side::connecting, own, peers)))
      return refuse("it has another key, or came for another purpose");
    state_ = state::proved;
    return "P" + proof(handshake_side::accepting, own, peers);
  }
  if (message == "R") return refuse("it refused our proof: it has another key, or serves another purpose");
  if (!challenged_) {
    if (message.size() != 1 + version.size() + nonce_size || message.front() != 'C' ||
        message.substr(1, version.size()) != version)
      return refuse("it does not speak this handshake");
    std::copy_n(message.begin() + 1 + version.size(), nonce_size, peers_.begin());
    challenged_ = true;
    return "P" + std::string(own) + proof(handshake_side::connecting, peers, own);
  }
  if (message.empty() || message.front() != 'P' ||
      !same(message.substr(1), proof(handshake_side::accepting, peers, own)))
    return refuse("it could not prove that it has the key");
  state_ = state::proved;
  return {};
}

authentication_error handshake::refusal(std::string_view peer) const {
  return authentication_error("authenticate " + std::string(peer) + " (" + purpose_ + "): " + reason_,
                              "do both sides have the same key?");
}

namespace {

[[noreturn]] void gone(std::string_view peer, const std::string& purpose) {
  throw closed_error(errc::end_of_stream,
                     "authenticate " + std::string(peer) + " (" + purpose +
                         "): the peer closed the connection before it had proved that it has the key",
                     "is it the right program that listens there?");
}

task<void> exchange_proofs(framed_stream& with, const shared_key& key, handshake_side side, std::string purpose) {
  handshake both(key, side, purpose);
  if (const std::string first = both.first(); !first.empty()) co_await with.send(first);
  while (both.now() == handshake::state::going_on) {
    const std::optional<std::string> message = co_await with.receive();
    if (!message) gone(with.peer(), purpose);
    const std::string reply = both.take(*message);
    if (!reply.empty()) co_await with.send(reply);
  }
  if (both.now() == handshake::state::refused) throw both.refusal(with.peer());
}

}  // namespace

task<void> authenticate(framed_stream& with, const shared_key& key, handshake_side side, std::string purpose,
                        duration limit) {
  const std::size_t before = with.limit();
  with.limit(most_handshake_message);
  co_await with_timeout(limit, exchange_proofs(with, key, side, std::move(purpose)));
  with.limit(before);
}

void authenticate(int descriptor, const shared_key& key, handshake_side side, std::string_view purpose,
                  duration limit) {
  constexpr std::string_view peer = "the peer";
  const time_point until = clock::now() + limit;
  handshake both(key, side, purpose);
  if (const std::string first = both.first(); !first.empty())
    send_message(descriptor, first, most_handshake_message, until);
  while (both.now() == handshake::state::going_on) {
    const std::optional<std::string> message = receive_message(descriptor, most_handshake_message, until);
    if (!message) gone(peer, std::string(purpose));
    const std::string reply = both.take(*message);
    if (!reply.empty()) send_message(descriptor, reply, most_handshake_message, until);
  }
  if (both.now() == handshake::state::refused) throw both.refusal(peer);
}

}  // namespace lakh
