#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/net/chaos_proxy.hpp>
#include <lakh/net/connect.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace lakh::net {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t first_buffer = 4 * 1024;  // of an idle direction
constexpr std::size_t largest_buffer = 16 * 1024;
constexpr auto between_pieces = 1ms;
constexpr auto linger = 1s;  // after a cut, for both sides to close

// Where it fails the other side is gone, and reading from it will tell.
void end_sending(stream& to) noexcept {
  [[maybe_unused]] const std::error_code gone = to.shutdown_write();
}

}  // namespace

// One direction of a connection.
struct chaos_proxy::way {
  way(chaos_direction where, const chaos_lane& todo, stream& source, stream& sink, random_sequence luck)
      : direction(where), lane(todo), from(source), to(sink), dice(luck) {}
  const chaos_direction direction;
  const chaos_lane& lane;
  stream& from;
  stream& to;
  random_sequence dice;
  std::uint64_t passed = 0;
  time_point next{};       // when a throttled lane may send again
  bool discards = false;   // what still comes is read and thrown away
  bool hides_end = false;  // a hole: the end does not pass either
};

class chaos_proxy::link {
 public:
  link(std::uint64_t number, std::unique_ptr<stream> client, std::unique_ptr<stream> target, chaos_connection plan,
       std::uint64_t seed)
      : number(number),
        client(std::move(client)),
        target(std::move(target)),
        plan(plan),
        up(chaos_direction::up, this->plan.lane(chaos_direction::up), *this->client, *this->target,
           chaos_dice(seed).roll(number, "pieces up")),
        down(chaos_direction::down, this->plan.lane(chaos_direction::down), *this->target, *this->client,
             chaos_dice(seed).roll(number, "pieces down")) {}

  // At once, both sides.
  void reset() {
    client->reset();
    target->reset();
    children->cancel();
  }
  void close() {
    client->close();
    target->close();
    children->cancel();
  }
  // In an orderly way: both sides hear the end, and have a moment to close before what they still send is refused.
  void finish() {
    if (std::exchange(finishing, true)) return;
    up.discards = down.discards = true;
    end_sending(*client);
    end_sending(*target);
    children->spawn(expire());
  }

  const std::uint64_t number;
  const std::unique_ptr<stream> client;
  const std::unique_ptr<stream> target;
  const chaos_connection plan;
  way up;
  way down;
  scope* children = nullptr;
  bool finishing = false;
  int pumps = 2;

 private:
  task<void> expire() {
    co_await sleep_for(linger);
    close();
  }
};

chaos_proxy::chaos_proxy(endpoint target, chaos_spec spec, chaos_proxy_options options)
    : target_(std::move(target)), spec_(std::move(spec)), options_(std::move(options)) {}

task<void> chaos_proxy::serve(listener at) {
  co_await in_scope([&](scope& connections) { return accept_all(connections, at); });
}

task<void> chaos_proxy::accept_all(scope& connections, listener& at) {
  for (;;) {
    while (counts_.open >= options_.connections()) {
      left_.clear();
      co_await left_.wait();
    }
    std::unique_ptr<stream> client = co_await at.accept();
    ++counts_.open;
    connections.spawn(carry(std::move(client), ++counts_.connections));
  }
}

void chaos_proxy::tell(const chaos_event& happened) {
  if (options_.event()) options_.event()(happened);
}

void chaos_proxy::harmed(const link& on, const way& lane, chaos_effect effect) {
  ++counts_.harmed[static_cast<std::size_t>(effect)];
  if (!options_.event()) return;
  chaos_event told;
  told.what = chaos_event::kind::harmed;
  told.connection = on.number;
  told.peer = on.client->peer();
  told.effect = effect;
  told.direction = lane.direction;
  told.bytes_up = on.up.passed;
  told.bytes_down = on.down.passed;
  tell(told);
}

task<void> chaos_proxy::carry(std::unique_ptr<stream> client, std::uint64_t number) {
  struct counted {
    explicit counted(chaos_proxy& of) noexcept : owner(of) {}
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() {
      --owner.counts_.open;
      owner.left_.set();
    }
    chaos_proxy& owner;
  } const counted(*this);

  chaos_event told;
  told.connection = number;
  told.peer = client->peer();
  tell(told);
  const chaos_connection plan = plan_connection(spec_, number);
  if (plan.refuse) {
    ++counts_.harmed[static_cast<std::size_t>(chaos_effect::refuse)];
    client->reset();
    told.what = chaos_event::kind::harmed;
    told.effect = chaos_effect::refuse;
    tell(told);
    co_return;
  }
  connect_result target = co_await try_connect(target_, loop::current().now() + options_.connect_time());
  if (!target) {
    client->reset();
    if (kind_of(target.error()) == error_kind::cancelled) co_return;
    ++counts_.unreachable;
    told.what = chaos_event::kind::unreachable;
    told.why = target.error().message();
    tell(told);
    co_return;
  }
  link one(number, std::move(client), std::move(*target), plan, spec_.seed());
  for (way* lane : {&one.up, &one.down})
    for (const chaos_effect effect : {chaos_effect::delay, chaos_effect::throttle, chaos_effect::split})
      if (lane->lane.has(effect)) harmed(one, *lane, effect);
  co_await in_scope([&](scope& both) -> task<void> {
    one.children = &both;
    both.spawn(pump(one, one.up));
    both.spawn(pump(one, one.down));
    co_return;
  });
  told.what = chaos_event::kind::closed;
  told.bytes_up = one.up.passed;
  told.bytes_down = one.down.passed;
  tell(told);
}

// Until this direction has ended.
task<void> chaos_proxy::pump(link& on, way& lane) {
  way& other = lane.direction == chaos_direction::up ? on.down : on.up;
  std::vector<char> buffer(first_buffer);
  for (;;) {
    const io_result got = co_await lane.from.try_read_some(buffer);
    if (got.error && kind_of(got.error) == error_kind::cancelled) co_return;
    if (got.error && !lane.hides_end) {
      if (!on.finishing) on.reset();
      co_return;
    }
    if (got.error || got.bytes == 0) break;
    if (lane.discards) continue;

    const std::string_view bytes(buffer.data(), got.bytes);
    const std::uint64_t room = lane.lane.end ? lane.lane.end_after - lane.passed : bytes.size();
    if (room != 0 && !co_await pass(on, lane, bytes.substr(0, room))) co_return;
    // Meanwhile the other direction may have ended the connection.
    if (lane.lane.end && lane.passed == lane.lane.end_after && !lane.discards) end_lane(on, lane);
    if (got.bytes == buffer.size() && buffer.size() < largest_buffer) buffer.resize(largest_buffer);
  }
  if (lane.hides_end && lane.direction == chaos_direction::down) {
    // The client is not to notice: what it sends goes where the answers went, until it leaves.
    other.discards = other.hides_end = true;
  } else if (lane.hides_end) {
    on.close();
  } else if (!lane.discards) {
    end_sending(lane.to);
  }
  if (--on.pumps == 0) on.children->cancel();
}

// False where the connection is over. What is written has passed.
task<bool> chaos_proxy::pass(link& on, way& lane, std::string_view bytes) {
  const chaos_lane& todo = lane.lane;
  const auto draw = [&](const chaos_word& word) { return word.least + lane.dice.below(word.most - word.least + 1); };
  if (todo.delay != nullptr) co_await sleep_for(std::chrono::nanoseconds(draw(*todo.delay)));
  bool first = true;
  while (!bytes.empty() && !lane.discards) {
    std::uint64_t piece = bytes.size();
    if (todo.split != nullptr) {
      piece = std::min(piece, draw(*todo.split));
      if (!std::exchange(first, false)) co_await sleep_for(between_pieces);
    }
    if (todo.bytes_per_second != 0) {
      // A twentieth of a second's worth at a time: a flow, not a row of bursts.
      piece = std::min(piece, std::max<std::uint64_t>(todo.bytes_per_second / 20, 1));
      if (lane.next > loop::current().now()) co_await sleep_until(lane.next);
      lane.next = std::max(lane.next, loop::current().now()) +
                  std::chrono::nanoseconds(piece * 1'000'000'000 / todo.bytes_per_second);
    }
    const io_result sent = co_await lane.to.try_write(bytes.substr(0, piece));
    lane.passed += sent.bytes;
    (lane.direction == chaos_direction::up ? counts_.bytes_up : counts_.bytes_down) += sent.bytes;
    if (sent.error) {
      if (kind_of(sent.error) == error_kind::cancelled) co_return false;
      if (lane.discards) break;
      if (lane.direction == chaos_direction::up &&
          on.down.hides_end) {  // the client does not hear how the target ended
        lane.discards = lane.hides_end = true;
        break;
      }
      if (!on.finishing) on.reset();
      co_return false;
    }
    bytes.remove_prefix(piece);
  }
  co_return true;
}

void chaos_proxy::end_lane(link& on, way& lane) {
  harmed(on, lane, *lane.lane.end);
  lane.discards = true;
  switch (*lane.lane.end) {
    case chaos_effect::cut: on.finish(); break;
    case chaos_effect::reset: on.reset(); break;
    case chaos_effect::hole: lane.hides_end = true; break;
    case chaos_effect::half_close: end_sending(lane.to); break;
    default: break;
  }
}

}  // namespace lakh::net
