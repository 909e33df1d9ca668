#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/load/receipt_key.hpp>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cerrno>
#include <new>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace lakh::load {
namespace {

constexpr std::size_t longest_key_file = 16 * 1024;
constexpr std::size_t signature_size = 64;
constexpr const char* how_to_make = "make one with: openssl genpkey -algorithm ed25519 -out key.pem";

template <auto release> struct releaser {
  template <typename Handle> void operator()(Handle* handle) const noexcept { release(handle); }
};
using key_handle = std::unique_ptr<EVP_PKEY, releaser<EVP_PKEY_free>>;
using bio_handle = std::unique_ptr<BIO, releaser<BIO_free_all>>;
using digest_handle = std::unique_ptr<EVP_MD_CTX, releaser<EVP_MD_CTX_free>>;

// A file's text, wiped when it is no longer needed: it may be a private key.
class secret_text {
 public:
  explicit secret_text(const std::filesystem::path& file) : bytes_(longest_key_file + 1) {
    try {
      const unique_fd fd = open_file(file, O_RDONLY);
      while (size_ < bytes_.size()) {
        const ssize_t got = ::read(fd.get(), bytes_.data() + size_, bytes_.size() - size_);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
          throw input_error(file.string() + ": cannot read the key: " + std::generic_category().message(errno));
        if (got == 0) break;
        size_ += static_cast<std::size_t>(got);
      }
    } catch (const storage_error& caught) {
      throw input_error(caught.what(), how_to_make);
    }
    if (size_ > longest_key_file)
      throw input_error(file.string() + ": this is no key: it is far too long", how_to_make);
  }
  ~secret_text() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  secret_text(const secret_text&) = delete;
  secret_text& operator=(const secret_text&) = delete;

  [[nodiscard]] bio_handle reader() const {
    bio_handle bio(BIO_new_mem_buf(bytes_.data(), static_cast<int>(size_)));
    if (!bio) throw std::bad_alloc();
    return bio;
  }
  [[nodiscard]] bool contains(std::string_view part) const noexcept {
    return std::string_view(bytes_.data(), size_).find(part) != std::string_view::npos;
  }

 private:
  std::vector<char> bytes_;
  std::size_t size_ = 0;
};

// OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

void check_kind(const key_handle& key, const std::filesystem::path& file, std::string_view wanted) {
  ERR_clear_error();  // what OpenSSL noted about a file that is no key concerns nobody else
  if (!key) throw input_error(file.string() + ": there is no " + std::string(wanted) + " in this file", how_to_make);
  if (EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519)
    throw input_error(file.string() + ": the key is not an Ed25519 key", how_to_make);
}

std::string public_half(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) throw std::bad_alloc();
  std::string text;
  append_base64(text, {reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return text;
}

// Only what append_base64 would write.
std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > 1024) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int got = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                  reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (got < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(got) - (text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0));
  std::string again;
  append_base64(again, bytes);
  if (again != text) return std::nullopt;
  return bytes;
}

}  // namespace

signing_key signing_key::read(const std::filesystem::path& file) {
  const secret_text text(file);
  if (text.contains("ENCRYPTED"))
    throw input_error(
        file.string() + ": the key has a passphrase",
        "give one without, in a file that only you can read: openssl pkey -in " + file.string() + " -out plain.pem");
  key_handle key(PEM_read_bio_PrivateKey(text.reader().get(), nullptr, no_passphrase, nullptr));
  check_kind(key, file, "private key");
  return signing_key(std::shared_ptr<EVP_PKEY>(std::move(key)));
}

std::string signing_key::sign(std::string_view bytes) const {
  const digest_handle context(EVP_MD_CTX_new());
  std::array<unsigned char, signature_size> signature{};
  std::size_t size = signature.size();
  auto* key = static_cast<EVP_PKEY*>(key_.get());
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size()) != 1) {
    ERR_clear_error();
    throw error(error_kind::internal, errc::storage_failure, "Ed25519 is not available in this OpenSSL",
                "check the OpenSSL configuration (FIPS providers)");
  }
  std::string text;
  append_base64(text, {reinterpret_cast<const char*>(signature.data()), size});
  return text;
}

std::string signing_key::public_key() const {
  return public_half(static_cast<EVP_PKEY*>(key_.get()));
}

std::string read_public_key(const std::filesystem::path& file) {
  const secret_text text(file);
  key_handle key(PEM_read_bio_PUBKEY(text.reader().get(), nullptr, no_passphrase, nullptr));
  if (!key) key.reset(PEM_read_bio_PrivateKey(text.reader().get(), nullptr, no_passphrase, nullptr));
  check_kind(key, file, "public key");
  return public_half(key.get());
}

bool signature_holds(std::string_view public_key, std::string_view signature, std::string_view bytes) {
  const auto der = from_base64(public_key);
  const auto raw = from_base64(signature);
  if (!der || !raw || raw->size() != signature_size) return false;
  const auto* at = reinterpret_cast<const unsigned char*>(der->data());
  const key_handle key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der->size())));
  bool holds = false;
  // The same key in another coding is not the same text, and what is compared are texts.
  if (key && EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519 && public_half(key.get()) == public_key) {
    const digest_handle context(EVP_MD_CTX_new());
    holds = context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
            EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(raw->data()), raw->size(),
                             reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1;
  }
  ERR_clear_error();
  return holds;
}

}  // namespace lakh::load
