#include <lakh/core/error.hpp>
#include <lakh/parallel/packed.hpp>

namespace lakh {

void unpacker::refuse(const char* why) {
  throw input_error(std::string("packed bytes hold ") + why, "both ends must be of the same source");
}

void unpacker::refuse_cut(std::uint64_t wanted) const {
  throw input_error("packed bytes are cut: " + std::to_string(left()) + " are left where " + std::to_string(wanted) +
                        " bytes or elements are announced",
                    "both ends must be of the same source");
}

void unpacker::refuse_rest() const {
  throw input_error("packed bytes are too long: " + std::to_string(left()) + " are left behind the last value",
                    "both ends must be of the same source");
}

std::uint64_t unpacker::long_varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1).front());
    const std::uint64_t bits = byte & 0x7fU;
    if (shift == 63 && bits > 1) break;
    value |= bits << shift;
    if (byte < 0x80U) return value;
  }
  refuse("a length of more than 64 bits");
}

}  // namespace lakh
