// A manager in a process of its own, that goes with the one who started it.
//
//   lakh::fork_server server;                                       // first thing in main
//   lakh::manager_process keeper(server, lakh::shared_key::random());
//   lakh::manager_client shared = keeper.client();                  // here, and in children that are told where() and
//                                                                   // the key
//
// 1. Listens when the constructor returns: on a name that is no file ("unix:@lakh-...") unless told, so that nothing is
//    left behind however it ends; or on TCP, for other machines.
// 2. Ends when this object goes, or its program dies, by SIGKILL too.
#pragma once

#include <lakh/net/endpoint.hpp>
#include <lakh/parallel/authentication.hpp>
#include <lakh/parallel/fork_server.hpp>
#include <lakh/parallel/manager_client.hpp>
#include <lakh/parallel/process.hpp>

#include <optional>
#include <string>

namespace lakh {

class manager_process {
 public:
  // Throws what listening there throws.
  manager_process(fork_server& server, shared_key key, std::optional<net::endpoint> at = {});

  [[nodiscard]] const net::endpoint& where() const noexcept { return where_; }
  [[nodiscard]] const shared_key& key() const noexcept { return key_; }
  [[nodiscard]] manager_client client() const { return manager_client(where_, key_); }
  // To wait for, or to end.
  [[nodiscard]] process& child() noexcept { return child_; }

 private:
  shared_key key_;
  net::endpoint where_;
  process child_;
};

}  // namespace lakh
