#include <lakh/core/error.hpp>
#include <lakh/parallel/manager_for_test.hpp>
#include <lakh/parallel/manager_process.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>
#include <thread>

#include <unistd.h>

namespace {

using namespace lakh;
using namespace lakh::manager_test;
using namespace std::chrono_literals;

TEST(manager_process, serves_and_goes_with_its_owner) {
  fork_server processes;
  pid_t id = 0;
  {
    manager_process keeper(processes, shared_key::random());
    manager_client client = keeper.client();
    EXPECT_EQ(client.counter("c").add(), 1);
    id = keeper.child().id();
    EXPECT_EQ(::kill(id, 0), 0);
  }
  while (::kill(id, 0) == 0) std::this_thread::yield();
  EXPECT_EQ(errno, ESRCH);
  const auto taken = fresh_name();
  const running_manager other(manager_limits(), taken);
  EXPECT_THROW(manager_process(processes, key, taken), error);
}

TEST(manager_process, leaves_nothing_when_its_program_is_killed) {
  auto [mine, theirs] = message_pipe::make();
  forked program([&] {
    mine.close();
    fork_server processes;
    manager_process keeper(processes, shared_key::random());
    keeper.client().ping();
    theirs.send(pack(static_cast<std::int64_t>(keeper.child().id()), keeper.where().text()));
    for (;;) ::pause();
    return 0;
  });
  theirs.close();
  const auto told = mine.receive();
  ASSERT_TRUE(told);
  const auto [id, where] = unpack<std::int64_t, std::string>(*told);
  EXPECT_TRUE(where.starts_with("unix:@lakh-manager-"));
  program.kill();
  // Its end is seen when the last copy of the pipe's other end is gone: of the program, its server and the manager.
  EXPECT_EQ(mine.receive(), std::nullopt);
  manager_client client(net::endpoint::parse(where), key);
  EXPECT_THROW(client.ping(), connect_error);
}

}  // namespace
