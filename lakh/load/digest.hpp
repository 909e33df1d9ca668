#pragma once

#include <string>
#include <string_view>

namespace lakh::load {

// SHA-256 in hexadecimal: what `sha256sum` prints, so that anyone can check a receipt with the tools at hand.
std::string digest_of(std::string_view bytes);

}  // namespace lakh::load
