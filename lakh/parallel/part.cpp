#include <lakh/core/error.hpp>
#include <lakh/parallel/part.hpp>

#include <cstring>

namespace lakh::detail {

void refuse_arguments(std::size_t bytes, std::size_t most) {
  throw error(error_kind::limit, errc::too_large,
              "arguments of " + std::to_string(bytes) + " bytes for a worker: the limit is " + std::to_string(most),
              "raise message_limit, or leave large data in a file and hand over its name");
}

void part_message::seal(std::size_t most) {
  const auto header = frame_header(size(), most);
  std::memcpy(bytes_.data(), header.data(), header.size());
  overwrite(bytes_, frame_header_size + 1 + 8, items_);
}

void part_message::address(std::uint64_t id, std::uint32_t skip) noexcept {
  overwrite(bytes_, frame_header_size + 1, id);
  overwrite(bytes_, frame_header_size + 1 + 8 + 4, skip);
}

std::string part::text() const {
  if (items() == 1) return "item " + std::to_string(first_) + " of a task";
  return "items " + std::to_string(first_) + " to " + std::to_string(first_ + items() - 1) + " of a task";
}

}  // namespace lakh::detail
