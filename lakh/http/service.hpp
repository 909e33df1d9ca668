// What a server connection serves: the seam between the protocol and the application.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/http/request.hpp>
#include <lakh/http/response_writer.hpp>

#include <cstdint>
#include <exception>
#include <optional>

namespace lakh::http {

class service {
 public:
  // Whether the whole body must be there before `answer` is called, and how large it may be: nothing for the server's
  // limit.
  struct body_plan {
    std::optional<std::uint64_t> most;
    bool wanted = false;
  };
  // A head has come; nothing has been answered yet.
  virtual body_plan plan(request& in) const = 0;

  // Answers through `out`: at once, and gives an empty task; or by a task, which is then awaited. May throw, at once or
  // in the task: a problem becomes the answer, anything else a 500 that says nothing about it.
  virtual task<void> answer(request& in, response_writer& out) const = 0;

  // An exception that was no problem.
  virtual void failed(const request& in, const std::exception_ptr& failure) const noexcept = 0;

  // Called after each answer if watches().
  [[nodiscard]] virtual bool watches() const noexcept = 0;
  virtual void answered(const request& in, int status, std::uint64_t content_size, duration took) const noexcept = 0;

 protected:
  ~service() = default;
};

}  // namespace lakh::http
