// Who signs a receipt, and who is believed: Ed25519 keys (RFC 8032) as PEM files, as OpenSSL makes them:
//
//   openssl genpkey -algorithm ed25519 -out key.pem           the private key, for `lakh load --sign key.pem`
//   openssl pkey -in key.pem -pubout -out public.pem          the public one, for `lakh verify --key public.pem`
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace lakh::load {

class signing_key {
 public:
  // Throws input_error if there is no such file, or if it holds no Ed25519 private key, or one with a passphrase: a run
  // must not stop at its end to ask for one.
  static signing_key read(const std::filesystem::path& file);

  // The signature (64 bytes) over the bytes, in Base64 (RFC 4648 §4).
  [[nodiscard]] std::string sign(std::string_view bytes) const;
  // The public half: its SubjectPublicKeyInfo (RFC 8410) in Base64, which is the line between BEGIN and END of a PEM
  // file.
  [[nodiscard]] std::string public_key() const;

 private:
  explicit signing_key(std::shared_ptr<void> key) : key_(std::move(key)) {}
  std::shared_ptr<void> key_;
};

// The public key of a PEM file, in the form of signing_key::public_key(). Of a private key's file it gives the public
// half. Throws input_error.
std::string read_public_key(const std::filesystem::path& file);

// Whether the signature is that key's over these bytes. Both texts must be Base64 to the letter: padded, without spare
// bits. False for whatever is no key or no signature.
bool signature_holds(std::string_view public_key, std::string_view signature, std::string_view bytes);

}  // namespace lakh::load
