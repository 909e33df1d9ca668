#include <lakh/async/run.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/net/listener.hpp>
#include <lakh/parallel/manager.hpp>
#include <lakh/parallel/manager_process.hpp>
#include <lakh/parallel/message_pipe.hpp>
#include <lakh/parallel/packed.hpp>

#include <chrono>
#include <span>
#include <utility>

namespace lakh {
namespace {

net::endpoint nameless() {
  const shared_key random = shared_key::random();
  std::string name = "unix:@lakh-manager-";
  append_hex(name, std::span(static_cast<const unsigned char*>(static_cast<const void*>(random.bytes().data())), 16));
  return net::endpoint::parse(name);
}

task<void> keep(net::endpoint at, shared_key key, message_pipe parent) {
  try {
    net::listener listening(at, net::listen_options().keep_alive(std::chrono::seconds(30)));
    manager shared(std::move(key));
    parent.send(pack(true, listening.local().text()));
    parent.close();
    co_await shared.serve(listening);
  } catch (const cancelled&) {
    throw;
  } catch (const error& e) {
    if (parent.descriptor() >= 0) parent.send(pack(false, std::string(e.what())));
    throw;
  }
}

// The key travels through the pipe, which nobody else sees.
int run_manager(std::string_view /*argument*/, std::span<unique_fd> descriptors) {
  message_pipe parent(std::move(descriptors[0]));
  const auto orders = parent.receive();
  if (!orders) return 1;
  auto [at, key] = unpack<std::string, std::string>(*orders);
  run(keep(net::endpoint::parse(at), shared_key(std::move(key)), std::move(parent)));
  return 0;
}

}  // namespace

manager_process::manager_process(fork_server& server, shared_key key, std::optional<net::endpoint> at)
    : key_(std::move(key)), where_(at ? *at : nameless()), child_([&] {
        auto [mine, theirs] = message_pipe::make();
        const int ends[] = {theirs.descriptor()};
        process child = server.start(run_manager, {}, ends, child_options().name("lakh-manager"));
        theirs.close();
        mine.send(pack(where_.text(), std::string(key_.bytes())));
        const auto answer = mine.receive();
        if (!answer) throw closed_error(errc::end_of_stream, "start a manager: its process ended before it listened");
        const auto [listens, text] = unpack<bool, std::string>(*answer);
        if (!listens) throw error(error_kind::connect, errc::cannot_connect, "start a manager: " + text);
        where_ = net::endpoint::parse(text);
        return child;
      }()) {}

}  // namespace lakh
