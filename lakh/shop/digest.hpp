// The digest by which both sides of an order tell whether it was altered on its way.
#pragma once

#include <string>
#include <string_view>

namespace lakh::shop {

// XXH3-64 (seed 0) of the bytes, as 16 lower-case hexadecimal digits, most significant first: what `xxhsum -H3` prints.
std::string digest_of(std::string_view bytes);

}  // namespace lakh::shop
