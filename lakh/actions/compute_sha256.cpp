#include <lakh/actions/compute_sha256.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>

#include <openssl/evp.h>

#include <array>

namespace lakh::actions {
namespace {

struct freed {
  void operator()(EVP_MD* digest) const noexcept { EVP_MD_free(digest); }
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

[[noreturn]] void not_available() {
  throw error(error_kind::internal, make_error_code(errc::bad_input), "SHA-256 is not available in this OpenSSL",
              "check the OpenSSL configuration (FIPS providers)");
}

}  // namespace

// Looked up once: to fetch an algorithm takes a lock that all threads share, and as long as a round.
struct sha256_rounds::state {
  std::unique_ptr<EVP_MD, freed> digest{EVP_MD_fetch(nullptr, "SHA2-256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, freed> context{EVP_MD_CTX_new()};
  std::uint64_t rounds = 1;
};

sha256_rounds::sha256_rounds(std::uint64_t rounds) : state_(std::make_unique<state>()) {
  state_->rounds = rounds;
  if (!state_->digest || !state_->context) not_available();
}
sha256_rounds::~sha256_rounds() = default;

std::string sha256_rounds::of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const void* from = text.data();
  std::size_t length = text.size();
  EVP_MD_CTX* context = state_->context.get();
  for (std::uint64_t round = 0; round < state_->rounds; ++round) {
    if (EVP_DigestInit_ex2(context, state_->digest.get(), nullptr) != 1 ||
        EVP_DigestUpdate(context, from, length) != 1 || EVP_DigestFinal_ex(context, digest.data(), &size) != 1)
      not_available();
    from = digest.data();
    length = size;
  }
  std::string hex;
  append_hex(hex, {digest.data(), size});
  return hex;
}

}  // namespace lakh::actions
