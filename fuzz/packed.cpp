// Packed values: bytes are refused with an input_error or read; what was read and is packed again is read as the same.
// Input: one byte that says as what, and the bytes.
#include "expect.hpp"

#include <lakh/core/error.hpp>
#include <lakh/parallel/packed.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace fuzzed {

enum class colour : std::uint8_t { red, blue = 7 };
BOOST_DESCRIBE_ENUM(colour, red, blue)

struct tree {
  std::string name;
  std::optional<double> weight;
  colour paint = colour::red;
  std::vector<tree> children;
};
BOOST_DESCRIBE_STRUCT(tree, (), (name, weight, paint, children))

}  // namespace fuzzed

namespace {

template <class T> void read(std::string_view bytes) {
  std::string again;
  try {
    again = lakh::pack(lakh::unpack<T>(bytes));
  } catch (const lakh::input_error&) {
    return;
  }
  lakh::fuzz::expect_equal(lakh::pack(lakh::unpack<T>(again)), again, "what was read is read again as the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0: read<fuzzed::tree>(bytes); break;
    case 1: read<std::map<std::string, std::vector<int>>>(bytes); break;
    case 2:
      read<std::vector<std::variant<std::monostate, bool, std::string, std::pair<char, fuzzed::colour>>>>(bytes);
      break;
    case 3: read<std::tuple<std::deque<std::optional<long>>, std::set<std::string>, std::vector<bool>>>(bytes); break;
    default: read<std::vector<std::vector<std::vector<std::string>>>>(bytes); break;
  }
  return 0;
}
