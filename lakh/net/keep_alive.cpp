#include <lakh/net/keep_alive.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace lakh::net {

std::error_code set_keep_alive(int socket, std::chrono::seconds silent) noexcept {
  if (silent.count() <= 0) return {};
  const int ask_after = static_cast<int>(std::min<std::int64_t>(silent.count(), 32'767));
  constexpr int times = 3;
  const std::array<std::pair<int, int>, 4> options{{{TCP_KEEPIDLE, ask_after},
                                                    {TCP_KEEPINTVL, std::max(1, ask_after / times)},
                                                    {TCP_KEEPCNT, times},
                                                    {TCP_USER_TIMEOUT, 2 * 1000 * ask_after}}};  // milliseconds
  const int on = 1;
  bool done = ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0;
  for (const auto& [option, value] : options)
    done = done && ::setsockopt(socket, IPPROTO_TCP, option, &value, sizeof value) == 0;
  return done ? std::error_code() : std::error_code(errno, std::system_category());
}

}  // namespace lakh::net
