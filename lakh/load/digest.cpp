#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/load/digest.hpp>

#include <openssl/evp.h>

#include <cerrno>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace lakh::load {
namespace {

[[noreturn]] void not_available() {
  throw error(error_kind::internal, errc::storage_failure, "SHA-256 is not available in this OpenSSL",
              "check the OpenSSL configuration (FIPS providers)");
}

}  // namespace

std::string digest_of(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) != 1) not_available();
  std::string text;
  append_hex(text, {digest, size});
  return text;
}

std::string digest_of_file(const std::filesystem::path& file) {
  const unique_fd fd = open_file(file, O_RDONLY);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) not_available();
  std::vector<char> part(std::size_t{256} * 1024);
  for (;;) {
    const ssize_t got = ::read(fd.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw storage_error(std::error_code(errno, std::generic_category()), file.string() + ": cannot read it");
    if (got == 0) break;
    if (EVP_DigestUpdate(context.get(), part.data(), static_cast<std::size_t>(got)) != 1) not_available();
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context.get(), digest, &size) != 1) not_available();
  std::string text;
  append_hex(text, {digest, size});
  return text;
}

}  // namespace lakh::load
