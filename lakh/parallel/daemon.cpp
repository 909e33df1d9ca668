#include <lakh/core/error.hpp>
#include <lakh/parallel/child_streams.hpp>
#include <lakh/parallel/daemon.hpp>
#include <lakh/parallel/spawn.hpp>

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace lakh {
namespace {

unique_fd open_log(const std::filesystem::path& log) {
  return detail::above_streams(open_file(log, O_WRONLY | O_APPEND | O_CREAT).release());
}

// What the child is told: to do this, with the rest of the bytes as argument.
struct instruction {
  fork_server::entry what = nullptr;
};

// In a child of the fork server. Has one thread, so it may fork.
int detach(std::string_view argument, std::span<unique_fd> descriptors) {
  unique_fd& tell = descriptors[0];
  const unique_fd& log = descriptors[1];
  ::setsid();
  const pid_t second = ::fork();
  const pid_t result = second < 0 ? -errno : second;
  if (second != 0) return ::write(tell.get(), &result, sizeof result) == sizeof result ? 0 : 1;
  tell.reset();
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO})
    if (::dup2(log.get(), stream) < 0) return fork_server::uncaught;
  descriptors[1].reset();
  instruction told;
  std::memcpy(&told, argument.data(), sizeof told);
  return told.what(argument.substr(sizeof told), {});
}

}  // namespace

pid_t start_daemon(const program& what, const std::filesystem::path& log) {
  const detail::program_words words(what);
  unique_fd none;
  const unique_fd input = detail::open_stream(stream_to::nothing, true, none);
  const unique_fd output = open_log(log);
  detail::spawn_order order;
  order.words = words.words();
  order.environment = words.environment();
  order.directory = words.directory();
  order.streams = {input.get(), output.get(), output.get()};
  order.kept_open = words.kept_open();
  order.daemon = true;
  const detail::spawned result = detail::spawn(order);
  if (result.error) detail::throw_spawn_error(result.error, what);
  return result.id;
}

pid_t detail::start_daemon(fork_server& server, const std::filesystem::path& log, fork_server::entry what,
                           std::string_view argument) {
  pipe_ends ends = make_pipe();
  const unique_fd output = open_log(log);
  const instruction told{what};
  std::string bytes(sizeof told, '\0');
  std::memcpy(bytes.data(), &told, sizeof told);
  bytes += argument;
  const std::array<int, 2> given{ends.write.get(), output.get()};
  process child = server.start(detach, bytes, given, child_options().name("daemon").input(stream_to::nothing));
  ends.write.reset();
  pid_t id = 0;
  ssize_t got = 0;
  while ((got = ::read(ends.read.get(), &id, sizeof id)) < 0 && errno == EINTR) {
  }
  if (got != static_cast<ssize_t>(sizeof id))
    throw closed_error(make_error_code(errc::connection_lost), "a daemon was killed before it began");
  if (id < 0) throw_error({-id, std::system_category()}, "start a daemon");
  child.wait();
  return id;
}

}  // namespace lakh
