#include <lakh/net/stream.hpp>

namespace lakh::net {

void io_operation::on_cancel(std::error_code reason) noexcept {
  reason_ = reason;
  if (way_ == direction::read)
    on_.cancel_read();
  else
    on_.cancel_write();
}

task<std::size_t> stream::read_some(std::span<char> into) {
  const io_result result = co_await try_read_some(into);
  if (result.error) throw_error(result.error, "read from " + peer());
  co_return result.bytes;
}

task<void> stream::write(std::string_view bytes) {
  const io_result result = co_await try_write(bytes);
  if (result.error) throw_error(result.error, "write to " + peer());
}

}  // namespace lakh::net
