#include <lakh/async/loop.hpp>
#include <lakh/net/memory_stream.hpp>

#include <algorithm>
#include <cerrno>
#include <string>

namespace lakh::net {
namespace {

// One direction: at most one reader and one writer wait.
struct channel {
  explicit channel(std::size_t capacity) : room(capacity) {}
  std::string bytes;
  std::size_t room;
  io_operation* reader = nullptr;
  io_operation* writer = nullptr;
  std::size_t written = 0;  // of the writer that waits
  bool ended = false;       // the writing side sends no more
  bool broken = false;      // the reading side is gone
};

std::size_t size_of(const io_operation& op) {
  return op.first().size() + op.second().size();
}

// Moves what fits from the write into the channel.
void fill(channel& to, const io_operation& from, std::size_t& written) {
  const auto take = [&](std::string_view part, std::size_t offset) {
    const std::size_t n = std::min(part.size() - offset, to.room - to.bytes.size());
    to.bytes.append(part.substr(offset, n));
    written += n;
  };
  if (written < from.first().size()) take(from.first(), written);
  if (written >= from.first().size()) take(from.second(), written - from.first().size());
}

class memory_stream final : public stream {
 public:
  memory_stream(std::shared_ptr<channel> in, std::shared_ptr<channel> out) : in_(std::move(in)), out_(std::move(out)) {}
  ~memory_stream() override { close(); }

  std::error_code shutdown_write() noexcept override {
    out_->ended = true;
    wake_reader(out_);
    return {};
  }

  void close() noexcept override {
    if (closed_) return;
    closed_ = true;
    cancel_read();
    cancel_write();
    in_->broken = true;
    out_->ended = true;
    wake_reader(out_);
    wake_writer(in_);
  }

  [[nodiscard]] bool is_idle_and_alive() noexcept override { return !closed_ && !in_->ended && in_->bytes.empty(); }
  [[nodiscard]] bool may_have_news() const noexcept override { return closed_ || in_->ended || !in_->bytes.empty(); }
  [[nodiscard]] std::string peer() const override { return "memory"; }

 protected:
  bool start_read(io_operation& op) override {
    if (closed_) return now(op, {errc::cancelled, 0});
    if (in_->bytes.empty() && !in_->ended) {
      in_->reader = &op;
      return false;
    }
    return now(op, read(*in_, op));
  }

  bool start_write(io_operation& op) override {
    if (closed_) return now(op, {errc::cancelled, 0});
    if (out_->ended || out_->broken) return now(op, {{EPIPE, std::system_category()}, 0});
    out_->written = 0;
    fill(*out_, op, out_->written);
    if (!out_->bytes.empty()) wake_reader(out_);  // reading nothing would be the end
    if (out_->written == size_of(op)) return now(op, {{}, out_->written});
    out_->writer = &op;
    return false;
  }

  void cancel_read() noexcept override {
    if (io_operation* op = std::exchange(in_->reader, nullptr)) later(op, {errc::cancelled, 0});
  }
  void cancel_write() noexcept override {
    if (io_operation* op = std::exchange(out_->writer, nullptr)) later(op, {errc::cancelled, out_->written});
  }

 private:
  static bool now(io_operation& op, io_result result) {
    op.finish_now(result);
    return true;
  }
  static void later(io_operation* op, io_result result) {
    loop::current().post([op, result] { op->finish(result); });
  }
  static io_result read(channel& from, io_operation& op) {
    const std::size_t n = std::min(from.bytes.size(), op.buffer().size());
    std::copy_n(from.bytes.begin(), n, op.buffer().begin());
    from.bytes.erase(0, n);
    wake_writer_of(from);
    return {{}, n};
  }
  static void wake_writer_of(channel& c) {
    if (c.writer == nullptr) return;
    if (c.broken) {
      later(std::exchange(c.writer, nullptr), {{EPIPE, std::system_category()}, c.written});
      return;
    }
    fill(c, *c.writer, c.written);
    if (c.written == size_of(*c.writer)) later(std::exchange(c.writer, nullptr), {{}, c.written});
  }
  // The reader takes its bytes when the loop gets to it, so that one write is seen by one read where it can be.
  static void wake_reader(const std::shared_ptr<channel>& c) {
    if (c->reader == nullptr) return;
    io_operation* op = std::exchange(c->reader, nullptr);
    loop::current().post([c, op] { op->finish(read(*c, *op)); });
  }
  static void wake_writer(const std::shared_ptr<channel>& c) { wake_writer_of(*c); }

  std::shared_ptr<channel> in_;
  std::shared_ptr<channel> out_;
  bool closed_ = false;
};

}  // namespace

std::pair<std::unique_ptr<stream>, std::unique_ptr<stream>> memory_pair(std::size_t capacity) {
  auto one = std::make_shared<channel>(capacity);
  auto other = std::make_shared<channel>(capacity);
  return {std::make_unique<memory_stream>(one, other), std::make_unique<memory_stream>(other, one)};
}

}  // namespace lakh::net
