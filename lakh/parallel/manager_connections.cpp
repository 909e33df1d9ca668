#include <lakh/net/connect.hpp>
#include <lakh/parallel/manager_connections.hpp>

#include <chrono>
#include <exception>

namespace lakh::detail {
namespace {

// A call that waits has no time of its own: the kernel notices where the manager's machine went without a word.
constexpr std::chrono::seconds ask_after(30);

[[noreturn]] void gone(const std::string& where) {
  throw closed_error(errc::end_of_stream, "the manager at " + where + " went away before it had answered",
                     "what it kept is gone with it; whether the call was carried out is not known");
}

}  // namespace

task<std::unique_ptr<manager_connection>> manager_connections::connect() {
  const std::uint64_t era = era_;
  std::unique_ptr<net::stream> stream =
      co_await net::connect(where_, call_limit_, net::connect_options().keep_alive(ask_after));
  auto made = std::make_unique<manager_connection>(std::move(stream), most_message_, era);
  framed_stream& over = made->over();
  co_await authenticate(over, key_, handshake_side::connecting, std::string(manager_purpose), call_limit_);
  const std::optional<std::string> message = co_await over.receive();
  if (!message) gone(where_.text());
  manager_welcome welcome;
  try {
    welcome = unpack<manager_welcome>(*message);
  } catch (const input_error&) {
    welcome.layout = ~manager_layout();
  }
  if (welcome.layout != manager_layout())
    throw protocol_error("the manager at " + where_.text() + " is of another version",
                         "build both from the same source");
  if (era != era_) co_return made;  // for this one call: what is known now is not to be mixed with what was known
  if (instance_ && *instance_ != welcome.instance)
    throw closed_error(errc::connection_lost,
                       "the manager at " + where_.text() + " is not the one that was there before",
                       "what that one kept is gone; reconnect() begins with this one");
  instance_ = welcome.instance;
  co_return made;
}

task<std::unique_ptr<manager_connection>> manager_connections::take() {
  const loop* const here = &loop::current();
  if (here != home_ && here != &own_loop_)
    throw input_error("a client of the manager at " + where_.text() + " is used on a loop that it does not belong to",
                      "make the client in a coroutine of the loop that awaits its calls");
  for (std::size_t i = idle_.size(); i-- > 0;) {
    if (idle_[i]->home() != here) continue;
    std::unique_ptr<manager_connection> one = std::move(idle_[i]);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    if (one->alive()) co_return one;
  }
  co_return co_await with_timeout(call_limit_, connect());
}

void manager_connections::put_back(std::unique_ptr<manager_connection> one) {
  constexpr std::size_t most_idle = 64;
  if (one->era() == era_ && idle_.size() < most_idle) idle_.push_back(std::move(one));
}

void manager_connections::let_go(std::unique_ptr<manager_connection> holder, const std::string& lock) noexcept {
  try {
    manager_request request;
    request.verb = manager_verb::lock_release;
    request.name = lock;
    if (holder->alive() && holder->over().send_now(pack(request))) put_back(std::move(holder));
  } catch (const std::exception&) {  // no memory for it: the connection goes
  }
}

task<manager_reply> manager_connections::ask(manager_connection& over, manager_request request) {
  co_await over.over().send(pack(request));
  over.over().limit(most_message_ + manager_reply_slack);
  const std::optional<std::string> message = co_await over.over().receive();
  over.over().limit(most_message_);
  if (!message) gone(where_.text());
  manager_reply reply;
  try {
    reply = unpack<manager_reply>(*message);
  } catch (const input_error& e) {
    throw protocol_error("the manager at " + where_.text() + " answered what cannot be read: " + e.what());
  }
  if (reply.status == manager_status::refused)
    throw input_error("the manager at " + where_.text() + " refused " + request.name + ": " + reply.message);
  if (reply.status == manager_status::full)
    throw error(error_kind::limit, errc::too_large, "the manager at " + where_.text() + " has no memory left for more",
                "forget what is not needed, or start it with more (manager_limits::memory)");
  co_return reply;
}

task<manager_reply> manager_connections::wait_for(manager_request request) {
  std::unique_ptr<manager_connection> one = co_await take();
  manager_reply reply = co_await ask(*one, std::move(request));
  put_back(std::move(one));
  co_return reply;
}

task<manager_reply> manager_connections::call(manager_request request) {
  co_return co_await with_timeout(call_limit_, wait_for(std::move(request)));
}

void manager_connections::reconnect() noexcept {
  ++era_;  // connections that are in a call are not put back
  idle_.clear();
  instance_.reset();
}

}  // namespace lakh::detail
