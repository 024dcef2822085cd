// What a map, or all of a pool, took and cost, as of the moment when it was asked for: docs/reports.md.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace lambdapool {

namespace detail {

class ReportData {
 public:
  virtual ~ReportData() = default;
  virtual std::size_t calls() const = 0;
  virtual std::size_t items() const = 0;
  virtual double cost() const = 0;
  virtual std::string text() const = 0;
  virtual std::string json() const = 0;
  virtual void save(const std::string& path) const = 0;
};

}  // namespace detail

class Report {
 public:
  std::size_t calls() const { return data_->calls(); }  // invocations that have come to their end
  std::size_t items() const { return data_->items(); }  // whose outcome they brought
  // Dollars, of the calls whose duration the platform has reported; without free tier and discounts.
  double cost() const { return data_->cost(); }
  std::string text() const { return data_->text(); }  // a table of a few lines
  std::string json() const { return data_->json(); }
  // NAME.html: one page that needs no network. NAME.json: a trace for chrome://tracing or Perfetto. Throws
  // InvalidArgument for another name, IoError where it cannot be written.
  void save(const std::string& path) const { data_->save(path); }

  // For pools only.
  explicit Report(std::shared_ptr<const detail::ReportData> data) : data_(std::move(data)) {}

 private:
  std::shared_ptr<const detail::ReportData> data_;
};

}  // namespace lambdapool
