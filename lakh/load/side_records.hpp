// What actions leave of a run besides its ledger, in files of their own in the run's folder: the output of programs.
//
//   class exec_output final : public side_record { public: explicit exec_output(const side_records& run); … };
//   if (side_records* run = lane.records()) run->get<exec_output>().add(…);
//
// 1. One object for all lanes of a loader process: `get` may be called from any thread, and gives all of them the same.
// 2. Nothing here is evidence: a receipt speaks of the ledger only, and a side record that breaks does not end the run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <typeindex>
#include <utility>
#include <vector>

namespace lakh::load {

// One kind of them. Its own functions are called from any thread, close() once, when the lanes have ended.
class side_record {
 public:
  side_record() = default;
  side_record(const side_record&) = delete;
  side_record& operator=(const side_record&) = delete;
  virtual ~side_record() = default;
  // Writes what is left. Gives a sentence for a person if not all could be kept, else nothing.
  virtual std::string close() = 0;
};

class side_records {
 public:
  // `writer` is the number of this process's ledger file: nobody else in the run has it.
  side_records(std::filesystem::path folder, std::string run_id, std::uint32_t session, std::uint32_t writer)
      : folder_(std::move(folder)), run_id_(std::move(run_id)), session_(session), writer_(writer) {}

  // Made from this object by whoever asks first.
  template <class T> T& get() {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<side_record>& slot = kinds_[typeid(T)];
    if (!slot) slot = std::make_unique<T>(*this);
    return static_cast<T&>(*slot);
  }

  // What a person should know of them.
  std::vector<std::string> close() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> sentences;
    for (const auto& [type, one] : kinds_)
      if (std::string sentence = one ? one->close() : std::string(); !sentence.empty())
        sentences.push_back(std::move(sentence));
    return sentences;
  }

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  [[nodiscard]] const std::string& run_id() const noexcept { return run_id_; }
  [[nodiscard]] std::uint32_t session() const noexcept { return session_; }
  [[nodiscard]] std::uint32_t writer() const noexcept { return writer_; }

 private:
  std::filesystem::path folder_;
  std::string run_id_;
  std::uint32_t session_;
  std::uint32_t writer_;
  std::mutex mutex_;
  std::map<std::type_index, std::unique_ptr<side_record>> kinds_;
};

}  // namespace lakh::load
