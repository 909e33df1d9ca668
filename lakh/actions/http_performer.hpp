// One lane's HTTP: its connections, and the request that it has in hand. Internal to the room.
#pragma once

#include <lakh/actions/http_program.hpp>
#include <lakh/http/client_connection.hpp>
#include <lakh/load/action.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lakh::actions {

// The connections of one lane, shared by the steps of its items: one to each server that a step always goes to, and to
// the few last of those that depend on the item.
class http_connections {
 public:
  struct slot {
    std::unique_ptr<http::client_connection> connection;
    time_point used{};
    bool lasting = false;
  };
  // Stays where it is as long as this object lives.
  slot& always_to(const std::string& server) {
    slot& found = slots_[server];
    found.lasting = true;
    return found;
  }
  // Stays where it is until the next call.
  slot& for_now_to(const std::string& server);

 private:
  static constexpr std::size_t most_passing = 8;
  std::map<std::string, slot> slots_;
};

class http_performer final : public load::performer {
 public:
  http_performer(const http_program& program, load::lane_resources& shared);

  bool prepare(const load::render_input& input, std::string& reason) override;
  task<load::attempt_report> attempt() override;
  std::string_view kept_json() override;
  void keep(std::span<std::string> slots) override;
  // Method and URL, the key if there is one, and the body; other fields may hold secrets.
  [[nodiscard]] std::string prepared() const override;
  [[nodiscard]] std::uint64_t sent_digest() const noexcept override { return digest_; }

 private:
  bool render(const load::text_template& text, const load::render_input& input, std::string& out, std::string& reason);
  bool locate(std::string_view where, std::string& reason);
  void judge(load::attempt_report& report);
  void explain(load::attempt_report& report, const http::exchange_result& result);

  const http_program& program_;
  std::shared_ptr<http_connections> connections_;
  http_connections::slot* slot_ = nullptr;  // to the server of the item in hand
  net::endpoint to_;
  std::string request_;
  std::vector<std::string> expected_;  // what the answer must hold, where that depends on the item
  std::string target_;
  std::string kept_json_;
  std::string reason_;
  std::uint64_t digest_ = 0;
};

}  // namespace lakh::actions
