#include <lakh/core/error.hpp>
#include <lakh/load/digest.hpp>
#include <lakh/load/receipt.hpp>
#include <lakh/load/report_receipt.hpp>
#include <lakh/load/run_report.hpp>

#include <fstream>
#include <iterator>
#include <utility>

namespace lakh::load {

void add_receipt(run_report& report) {
  try {
    std::optional<receipt> found = read_receipt(report.folder);
    if (!found) return;
    std::ifstream in(report.folder / receipt_file_name, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    report.receipt_digest = digest_of(bytes);
    report.receipt_signer = found->public_key;
    report.reconciled = std::move(found->reconciled);
    report.reconcile_problem = std::move(found->reconcile_problem);
  } catch (const storage_error& unreadable) {
    report.receipt_problem = unreadable.what();
  }
}

}  // namespace lakh::load
