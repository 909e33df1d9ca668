// Which lakh this is.
#pragma once

#include <string_view>

namespace lakh {

inline constexpr std::string_view version = "0.1.0";

}  // namespace lakh
