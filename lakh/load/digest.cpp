#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/digest.hpp>

#include <openssl/evp.h>

namespace lakh::load {

std::string digest_of(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) != 1) {
    throw error(error_kind::internal, errc::storage_failure, "SHA-256 is not available in this OpenSSL",
                "check the OpenSSL configuration (FIPS providers)");
  }
  std::string text;
  append_hex(text, {digest, size});
  return text;
}

}  // namespace lakh::load
