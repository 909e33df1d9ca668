#include <lakh/parallel/manager_client.hpp>
#include <lakh/parallel/manager_connections.hpp>

namespace lakh {

using detail::manager_connection;
using detail::manager_reply;
using detail::manager_request;
using detail::manager_status;
using detail::manager_verb;

namespace {

using connections = std::shared_ptr<detail::manager_connections>;

bool was_done(const manager_reply& reply) noexcept {
  return reply.status == manager_status::done;
}

// The calls below, by what they give back. They own what they need: the object that made them may go.
task<void> do_it(connections of, manager_request request) {
  (void)co_await of->call(std::move(request));
}
task<bool> tell_whether(connections of, manager_request request) {
  const manager_reply reply = co_await of->call(std::move(request));
  co_return was_done(reply);
}
task<std::int64_t> get_number(connections of, manager_request request) {
  const manager_reply reply = co_await of->call(std::move(request));
  co_return reply.number;
}
task<std::size_t> get_size(connections of, manager_request request) {
  const manager_reply reply = co_await of->call(std::move(request));
  co_return static_cast<std::size_t>(reply.number);
}
task<std::optional<manager_value>> get_value(connections of, manager_request request) {
  manager_reply reply = co_await of->call(std::move(request));
  if (!was_done(reply)) co_return std::nullopt;
  co_return std::move(reply.value);
}

template <class T> T blocked(const connections& on, task<T> work, std::optional<time_point> until = {}) {
  return on->block(std::move(work), until);
}

}  // namespace

manager_request detail::manager_object::request(manager_verb verb) const {
  manager_request asked;
  asked.verb = verb;
  asked.name = name_;
  return asked;
}

// --- dict

task<std::optional<manager_value>> manager_dict::async_get(std::string key) {
  manager_request asked = request(manager_verb::dict_get);
  asked.key = std::move(key);
  return get_value(of(), std::move(asked));
}
task<void> manager_dict::async_set(std::string key, manager_value value) {
  manager_request asked = request(manager_verb::dict_set);
  asked.key = std::move(key);
  asked.value = std::move(value);
  return do_it(of(), std::move(asked));
}
task<std::int64_t> manager_dict::async_add(std::string key, std::int64_t amount) {
  manager_request asked = request(manager_verb::dict_add);
  asked.key = std::move(key);
  asked.number = amount;
  return get_number(of(), std::move(asked));
}
task<bool> manager_dict::async_replace(std::string key, std::optional<manager_value> expected, manager_value value) {
  manager_request asked = request(manager_verb::dict_replace);
  asked.key = std::move(key);
  asked.expected = std::move(expected);
  asked.value = std::move(value);
  return tell_whether(of(), std::move(asked));
}
task<bool> manager_dict::async_erase(std::string key) {
  manager_request asked = request(manager_verb::dict_erase);
  asked.key = std::move(key);
  return tell_whether(of(), std::move(asked));
}
task<std::size_t> manager_dict::async_size() {
  return get_size(of(), request(manager_verb::dict_size));
}
task<std::vector<manager_dict::entry>> manager_dict::async_items() {
  return [](connections on, manager_request asked) -> task<std::vector<entry>> {
    std::vector<entry> all;
    for (bool more = true; more;) {
      manager_reply page = co_await on->call(asked);
      for (entry& one : page.entries) all.push_back(std::move(one));
      more = page.more && !page.entries.empty();
      if (!all.empty()) asked.key = all.back().first;
      asked.number = 1;
    }
    co_return all;
  }(of(), request(manager_verb::dict_items));
}

std::optional<manager_value> manager_dict::get(std::string key) {
  return blocked(of(), async_get(std::move(key)));
}
void manager_dict::set(std::string key, manager_value value) {
  blocked(of(), async_set(std::move(key), std::move(value)));
}
std::int64_t manager_dict::add(std::string key, std::int64_t amount) {
  return blocked(of(), async_add(std::move(key), amount));
}
bool manager_dict::replace(std::string key, std::optional<manager_value> expected, manager_value value) {
  return blocked(of(), async_replace(std::move(key), std::move(expected), std::move(value)));
}
bool manager_dict::erase(std::string key) {
  return blocked(of(), async_erase(std::move(key)));
}
std::size_t manager_dict::size() {
  return blocked(of(), async_size());
}
std::vector<manager_dict::entry> manager_dict::items() {
  return blocked(of(), async_items());
}

// --- list

namespace {

manager_request with_value(manager_request asked, manager_value value) {
  asked.value = std::move(value);
  return asked;
}
manager_request at_index(manager_request asked, std::size_t index) {
  asked.number = static_cast<std::int64_t>(index);
  return asked;
}

}  // namespace

task<std::size_t> manager_list::async_push_back(manager_value value) {
  return get_size(of(), with_value(request(manager_verb::list_push_back), std::move(value)));
}
task<std::size_t> manager_list::async_push_front(manager_value value) {
  return get_size(of(), with_value(request(manager_verb::list_push_front), std::move(value)));
}
task<std::optional<manager_value>> manager_list::async_pop_front() {
  return get_value(of(), request(manager_verb::list_pop_front));
}
task<std::optional<manager_value>> manager_list::async_pop_back() {
  return get_value(of(), request(manager_verb::list_pop_back));
}
task<std::optional<manager_value>> manager_list::async_get(std::size_t index) {
  return get_value(of(), at_index(request(manager_verb::list_get), index));
}
task<bool> manager_list::async_set(std::size_t index, manager_value value) {
  return tell_whether(of(), with_value(at_index(request(manager_verb::list_set), index), std::move(value)));
}
task<std::size_t> manager_list::async_size() {
  return get_size(of(), request(manager_verb::list_size));
}
task<std::vector<manager_value>> manager_list::async_items() {
  return [](connections on, manager_request asked) -> task<std::vector<manager_value>> {
    std::vector<manager_value> all;
    for (bool more = true; more;) {
      manager_reply page = co_await on->call(asked);
      for (auto& one : page.entries) all.push_back(std::move(one.second));
      more = page.more && !page.entries.empty();
      asked.number = static_cast<std::int64_t>(all.size());
    }
    co_return all;
  }(of(), request(manager_verb::list_items));
}

std::size_t manager_list::push_back(manager_value value) {
  return blocked(of(), async_push_back(std::move(value)));
}
std::size_t manager_list::push_front(manager_value value) {
  return blocked(of(), async_push_front(std::move(value)));
}
std::optional<manager_value> manager_list::pop_front() {
  return blocked(of(), async_pop_front());
}
std::optional<manager_value> manager_list::pop_back() {
  return blocked(of(), async_pop_back());
}
std::optional<manager_value> manager_list::get(std::size_t index) {
  return blocked(of(), async_get(index));
}
bool manager_list::set(std::size_t index, manager_value value) {
  return blocked(of(), async_set(index, std::move(value)));
}
std::size_t manager_list::size() {
  return blocked(of(), async_size());
}
std::vector<manager_value> manager_list::items() {
  return blocked(of(), async_items());
}

// --- counter

task<std::int64_t> manager_counter::async_add(std::int64_t amount) {
  manager_request asked = request(manager_verb::counter_add);
  asked.number = amount;
  return get_number(of(), std::move(asked));
}
task<std::int64_t> manager_counter::async_get() {
  return get_number(of(), request(manager_verb::counter_get));
}
task<void> manager_counter::async_set(std::int64_t value) {
  manager_request asked = request(manager_verb::counter_set);
  asked.number = value;
  return do_it(of(), std::move(asked));
}
std::int64_t manager_counter::add(std::int64_t amount) {
  return blocked(of(), async_add(amount));
}
std::int64_t manager_counter::get() {
  return blocked(of(), async_get());
}
void manager_counter::set(std::int64_t value) {
  blocked(of(), async_set(value));
}

// --- lock

manager_hold::manager_hold(connections of, std::unique_ptr<manager_connection> by, std::string name) noexcept
    : of_(std::move(of)), by_(std::move(by)), name_(std::move(name)) {}
manager_hold::manager_hold(manager_hold&& other) noexcept = default;
manager_hold& manager_hold::operator=(manager_hold&& other) noexcept {
  std::swap(of_, other.of_);
  std::swap(by_, other.by_);
  std::swap(name_, other.name_);
  return *this;
}
manager_hold::~manager_hold() {
  if (by_ != nullptr) of_->let_go(std::move(by_), name_);
}

bool manager_hold::valid() const noexcept {
  return by_ != nullptr && by_->alive();
}

task<manager_hold> manager_lock::async_take() {
  return [](connections on, manager_request asked) -> task<manager_hold> {
    std::string name = asked.name;
    std::unique_ptr<manager_connection> one = co_await on->take();
    (void)co_await on->ask(*one, std::move(asked));
    co_return manager_hold(std::move(on), std::move(one), std::move(name));
  }(of(), request(manager_verb::lock_take));
}
manager_hold manager_lock::take(std::optional<time_point> until) {
  return blocked(of(), async_take(), until);
}

// --- queue

manager_request manager_queue::request(manager_verb verb) const {
  return at_index(manager_object::request(verb), capacity_);
}

task<bool> manager_queue::async_push(manager_value value) {
  return [](connections on, manager_request asked) -> task<bool> {
    const manager_reply reply = co_await on->wait_for(std::move(asked));
    co_return was_done(reply);
  }(of(), with_value(request(manager_verb::queue_push), std::move(value)));
}
task<std::optional<manager_value>> manager_queue::async_pop() {
  return [](connections on, manager_request asked) -> task<std::optional<manager_value>> {
    manager_request took = asked;
    took.verb = manager_verb::queue_took;
    std::unique_ptr<manager_connection> one = co_await on->take();
    manager_reply reply = co_await on->ask(*one, std::move(asked));
    if (was_done(reply)) co_await one->over().send(pack(took));  // until then it would go back
    on->put_back(std::move(one));
    if (!was_done(reply)) co_return std::nullopt;
    co_return std::move(reply.value);
  }(of(), request(manager_verb::queue_pop));
}
task<void> manager_queue::async_close() {
  return do_it(of(), request(manager_verb::queue_close));
}
task<std::size_t> manager_queue::async_size() {
  return get_size(of(), request(manager_verb::queue_size));
}
bool manager_queue::push(manager_value value, std::optional<time_point> until) {
  return blocked(of(), async_push(std::move(value)), until);
}
std::optional<manager_value> manager_queue::pop(std::optional<time_point> until) {
  return blocked(of(), async_pop(), until);
}
void manager_queue::close() {
  blocked(of(), async_close());
}
std::size_t manager_queue::size() {
  return blocked(of(), async_size());
}

// --- client

manager_client::manager_client(net::endpoint where, shared_key key, std::size_t most_message, duration call_limit)
    : connections_(
          std::make_shared<detail::manager_connections>(std::move(where), std::move(key), most_message, call_limit)) {}
manager_client::~manager_client() = default;

manager_dict manager_client::dict(std::string name) const {
  return {connections_, std::move(name)};
}
manager_list manager_client::list(std::string name) const {
  return {connections_, std::move(name)};
}
manager_counter manager_client::counter(std::string name) const {
  return {connections_, std::move(name)};
}
manager_lock manager_client::lock(std::string name) const {
  return {connections_, std::move(name)};
}
manager_queue manager_client::queue(std::string name, std::size_t capacity) const {
  if (capacity == 0 || capacity > detail::most_queue_capacity)
    throw input_error("a queue '" + name + "' of " + std::to_string(capacity) + " items cannot be kept by a manager",
                      "it has room for 1 to 1,000,000");
  return {connections_, std::move(name), capacity};
}

task<bool> manager_client::async_forget(std::string name) {
  manager_request asked;
  asked.verb = manager_verb::forget;
  asked.name = std::move(name);
  return tell_whether(connections_, std::move(asked));
}
bool manager_client::forget(std::string name) {
  return connections_->block(async_forget(std::move(name)));
}

task<void> manager_client::async_ping() {
  manager_request asked;
  asked.verb = manager_verb::ping;
  return do_it(connections_, std::move(asked));
}
void manager_client::ping() {
  connections_->block(async_ping());
}

void manager_client::reconnect() noexcept {
  connections_->reconnect();
}

}  // namespace lakh
