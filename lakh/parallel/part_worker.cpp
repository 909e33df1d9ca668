#include <lakh/core/error.hpp>
#include <lakh/parallel/descriptor_io.hpp>
#include <lakh/parallel/part_worker.hpp>
#include <lakh/parallel/remote_error.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/socket.h>

namespace lakh::detail {
namespace {

// Where the number of items and `last` stand in an answer.
constexpr std::size_t first_at = frame_header_size + 1 + 8;
constexpr std::size_t count_at = first_at + 4;
constexpr std::size_t last_at = count_at + 4;

}  // namespace

void part_answer::end_item() {
  if (out_.size() - item_begin_ > most_) {
    const std::size_t size = out_.size() - item_begin_;
    out_.resize(item_begin_);
    try {
      throw error(error_kind::limit, errc::too_large,
                  "a worker's result of " + std::to_string(size) + " bytes: the limit is " + std::to_string(most_),
                  "raise message_limit, or leave large results in a file and hand back its name");
    } catch (...) {
      fail_item();
    }
    return;
  }
  ++item_;
  ++told_;
  item_begin_ = out_.size();
  if (out_.size() >= flush_at || out_.size() >= most_) flush(false);
}

void part_answer::fail_item() {
  out_.resize(item_begin_);
  out_ += item_failed;
  pack_current_exception(out_);
  ++item_;
  ++told_;
  item_begin_ = out_.size();
  if (stop_at_failure_)
    items_ = item_;  // and the end of the part is told with it
  else if (out_.size() >= flush_at)
    flush(false);
}

part_worker::part_worker(teller tell, std::size_t most, trust which) : tell_(std::move(tell)), trust_(which) {
  most_ = most;
}

part_worker::called part_worker::find(unpacker& in, trust which) {
  const char how = in.take(1).front();
  if (how == by_address && which == trust::addresses) {
    const auto address = in.next<std::uint64_t>();
    const std::string_view state = in.take(in.count(1));
    // NOLINTNEXTLINE(performance-no-int-to-ptr): it was a pointer, in the program that forked this one
    return {reinterpret_cast<part_runner>(static_cast<std::uintptr_t>(address)), state};
  }
  if (how != by_name) unpacker::refuse("a function that is not named as it may be");
  const auto name = in.next<std::string>();
  const named_function* const known = find_function(name);
  if (known == nullptr)
    throw input_error("this worker knows no function \"" + name.substr(0, 64) + '"',
                      "make the worker_function in a source that the worker is built of, too");
  return {known->run, known->state};
}

void part_worker::work(std::string_view message) {
  unpacker in(message);
  if (in.take(1).front() != work_message) unpacker::refuse("no work");
  id_ = in.next<std::uint64_t>();
  items_ = in.next<std::uint32_t>();
  skip_ = in.next<std::uint32_t>();
  stop_at_failure_ = in.next<bool>();
  item_ = told_ = 0;
  begin_message();
  overwrite(out_, first_at, skip_);
  const called function = find(in, trust_);
  function.run(function.state, in, *this);
  if (!stopped_.load(std::memory_order_relaxed)) flush(true);
}

void part_worker::begin_message() {
  out_.assign(frame_header_size, '\0');
  out_ += answer_message;
  pack_into(out_, id_, item_, std::uint32_t{0}, false);
  item_begin_ = out_.size();
}

void part_worker::flush(bool last) {
  overwrite(out_, count_at, told_);
  out_[last_at] = last ? '\1' : '\0';
  finish_frame(out_);
  tell_(out_);
  told_ = 0;
  begin_message();
}

void part_worker::call_once(std::string_view function, trust which) {
  class once final : public part_answer {
   public:
    once() {
      items_ = 1;
      most_ = default_message_limit;
      stop_at_failure_ = true;
    }
    [[nodiscard]] std::string_view told() const { return out_; }

   private:
    void flush(bool /*last*/) override {}
  } answer;
  unpacker in(function);
  const called what = find(in, which);
  what.run(what.state, in, answer);
  unpacker out(answer.told());
  if (out.take(1).front() == item_failed) std::rethrow_exception(unpack_exception(out));
}

std::string ready_message_of(bool ready) {
  std::string out(frame_header_size, '\0');
  out += ready_message;
  pack_into(out, ready);
  if (!ready) pack_current_exception(out);
  return out;
}

void finish_frame(std::string& framed) {
  const auto header = frame_header(framed.size() - frame_header_size, framed.size());
  std::memcpy(framed.data(), header.data(), header.size());
}

std::string pack_worker_settings(std::size_t most, std::string_view initializer) {
  return pack(static_cast<std::uint64_t>(most), std::string(initializer));
}

int work_over_descriptor(std::string_view argument, std::span<unique_fd> descriptors) {
  // Ctrl-C is for the program that owns the pool: it ends its workers.
  (void)std::signal(SIGINT, SIG_IGN);
  const auto [most, initializer] = unpack<std::uint64_t, std::string>(argument);
  const int fd = descriptors[0].get();
  const auto tell = [fd](std::string& framed) { write_whole(fd, framed, {}, {}); };
  try {
    std::string ready = ready_message_of(true);
    try {
      if (!initializer.empty()) part_worker::call_once(initializer, part_worker::trust::addresses);
    } catch (...) {
      ready = ready_message_of(false);
    }
    finish_frame(ready);
    tell(ready);

    part_worker worker(tell, most, part_worker::trust::addresses);
    frame_decoder in(most + message_ahead + message_overhead);
    while (true) {
      while (const auto message = in.next()) worker.work(*message);
      const std::span<char> room = in.room();
      const ssize_t got = ::recv(fd, room.data(), room.size(), 0);
      if (got == 0) return 0;  // no more work, or nobody to give it
      if (got > 0)
        in.filled(static_cast<std::size_t>(got));
      else if (errno != EINTR)
        throw_error(std::error_code(errno, std::system_category()), "wait for work");
    }
  } catch (const closed_error&) {
    return 0;  // the pool went away while this told it something
  }
}

}  // namespace lakh::detail
