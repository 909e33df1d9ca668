// What is certain about one attempt, whatever the protocol. The retry rule and every outcome rest on it.
#pragma once

#include <cstdint>
#include <string_view>

namespace lakh {

enum class certainty : std::uint8_t {
  not_sent,    // surely nothing reached the target's application: refused, reset before the first byte, REFUSED_STREAM
  maybe_sent,  // bytes went out and no answer came: it may have happened, or not
  answered,    // a complete answer came
};

constexpr std::string_view name(certainty value) noexcept {
  switch (value) {
    case certainty::not_sent: return "not_sent";
    case certainty::maybe_sent: return "maybe_sent";
    case certainty::answered: return "answered";
  }
  return "maybe_sent";
}

}  // namespace lakh
