// The shop as a process: opened, asked, told to stop.
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/http/session.hpp>
#include <lakh/net/listener.hpp>
#include <lakh/shop/orders_for_test.hpp>
#include <lakh/shop/server.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace lakh::shop {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::scratch_folder;

const std::string good_body =
    R"({"customer":{"name":"Ada","email":"ada@example.com"},"address":{"street":"s","city":"c","postcode":"p",)"
    R"("country":"GB"},"lines":[{"sku":"TEA-0042","quantity":2}]})";

// A shop in a process of its own; its exit code is the number of orders it created.
class shop_process {
 public:
  explicit shop_process(const server_settings& settings) : pid_(fork()) {
    if (pid_ != 0) return;
    try {
      const server_summary done = serve(settings);
      std::_Exit(static_cast<int>(done.created));
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "child: %s\n", failure.what());
    }
    std::_Exit(200);
  }
  shop_process(const shop_process&) = delete;
  shop_process& operator=(const shop_process&) = delete;
  ~shop_process() {
    if (pid_ > 0) stop(SIGKILL);
  }

  int stop(int signal) {
    int status = 0;
    kill(pid_, signal);
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

std::string port_from(const std::filesystem::path& file) {
  for (int i = 0; i < 10'000; ++i) {
    std::string port;
    if (std::ifstream in(file); in >> port) return port;
    std::this_thread::sleep_for(1ms);
  }
  return "0";
}

TEST(shop_server, finishes_what_it_has_in_hand_when_it_is_told_to_stop) {
  const scratch_folder folder;
  server_settings settings;
  settings.listen = "127.0.0.1:0";
  settings.database = folder / "shop.db";
  settings.port_file = folder / "port";
  settings.threads = 2;
  settings.delay = 300ms;
  shop_process shop(settings);
  const std::string address = "http://127.0.0.1:" + port_from(folder / "port");

  std::thread stopping;
  int code = -1;
  lakh::run(in_scope([&](scope& both) -> task<void> {
    both.spawn([](std::string url) -> task<void> {
      http::session client;
      EXPECT_EQ((co_await client.post(url + "/orders").json_text(good_body)).status(), 201);
    }(address));
    co_await sleep_for(100ms);
    stopping = std::thread([&] { code = shop.stop(SIGTERM); });
  }));
  stopping.join();
  EXPECT_EQ(code, 1) << "it ended by itself, having created one order";
}

TEST(shop_server, an_address_that_is_taken_is_refused_and_leaves_no_database) {
  const scratch_folder folder;
  lakh::run([](const scratch_folder& in) -> task<void> {
    // As another shop would hold it.
    const net::listener taken(net::endpoint("127.0.0.1", 0),
                              net::listen_options().share_port(net::port_sharing::joined));
    std::string what;
    std::thread([&] {
      server_settings settings;
      settings.listen = taken.local().text();
      settings.database = in / "shop.db";
      try {
        serve(settings);
      } catch (const error& refused) {
        what = refused.what();
      }
    }).join();
    EXPECT_THAT(what, HasSubstr("in use"));
    EXPECT_FALSE(std::filesystem::exists(in / "shop.db"));
    co_return;
  }(folder));
}

TEST(shop_server, a_port_file_that_cannot_be_written_ends_it_with_an_error) {
  const scratch_folder folder;
  server_settings settings;
  settings.listen = "127.0.0.1:0";
  settings.database = folder / "shop.db";
  settings.port_file = folder / "none/port";
  EXPECT_THROW(serve(settings), storage_error);
}

TEST(shop_server, serves_on_a_unix_domain_socket_too) {
  const scratch_folder folder;
  server_settings settings;
  settings.listen = "unix:" + (folder / "shop.sock").string();
  settings.database = folder / "shop.db";
  settings.port_file = folder / "port";
  shop_process shop(settings);
  EXPECT_EQ(port_from(folder / "port"), "0");
  EXPECT_TRUE(std::filesystem::is_socket(folder / "shop.sock"));
  EXPECT_EQ(shop.stop(SIGINT), 0);
}

}  // namespace
}  // namespace lakh::shop
