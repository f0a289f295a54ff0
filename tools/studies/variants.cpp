#include <algorithm>
#include <cmath>

#include "../../core/files/json_writer.hpp"
#include "../terminal/text_table.hpp"
#include "reports.hpp"
#include "statistics.hpp"

namespace heed::tools {

namespace {

/// The figures of one variant.
struct Row {
  const ModelResults* model;
  Estimate bleu, exact, agreement, seconds_per_epoch;
};

/// Mean, least and greatest over the seeds: a time has no sentences to draw.
Estimate seconds_per_epoch(const ModelResults& model) {
  Estimate e{0, HUGE_VAL, 0};
  for (const PartResult& part : model.seeds) {
    e.value += part.seconds_per_epoch / static_cast<double>(model.seeds.size());
    e.low = std::min(e.low, part.seconds_per_epoch);
    e.high = std::max(e.high, part.seconds_per_epoch);
  }
  return e;
}

std::vector<Row> rows_of(const std::vector<Pair>& test, const std::vector<ModelResults>& models) {
  const Sentences all = all_sentences(test);
  std::vector<Row> rows;
  for (const ModelResults& model : models) {
    const std::size_t seeds = model.seeds.size();
    rows.push_back({&model, estimate(seeds, all, bleu_measure(model, test)),
                    estimate(seeds, all, exact_measure(model, test)),
                    estimate(seeds, all, agreement_measure(model)), seconds_per_epoch(model)});
  }
  return rows;
}

std::string json_of(const std::string& name, const Estimate& e) {
  return ",\n     \"" + name + "\": {\"value\": " + json_number(e.value) + json_interval(e) + '}';
}

std::string json_of(const Row& row) {
  const PartResult& part = row.model->seeds[0];
  return "{\"name\": " + json_string(row.model->model.name) +
         ", \"parameters\": " + std::to_string(part.parameters) +
         ", \"steps\": " + std::to_string(part.steps) + json_of("bleu", row.bleu) +
         json_of("exact", row.exact) + json_of("agreement", row.agreement) +
         json_of("seconds_per_epoch", row.seconds_per_epoch) + '}';
}

std::string percent(const Estimate& e) {
  return std::isnan(e.value) ? "–" : with_decimals(e.value, 1);
}

std::string table_of(const std::vector<Row>& rows) {
  std::vector<std::vector<std::string>> lines = {{"model", "BLEU", "95 % interval", "exact %",
                                                  "alignment %", "s/epoch", "updates", "weights"}};
  for (const Row& row : rows) {
    lines.push_back({row.model->model.name, with_decimals(row.bleu.value, 1),
                     percent({row.bleu.low}) + " to " + percent({row.bleu.high}),
                     percent(row.exact), percent(row.agreement),
                     with_decimals(row.seconds_per_epoch.value, 1),
                     std::to_string(row.model->seeds[0].steps),
                     std::to_string(row.model->seeds[0].parameters)});
  }
  return text_table(lines);
}

std::string picture(const std::vector<Row>& rows, const std::string& below_title) {
  DotChart chart{"Variants of RNNsearch", below_title, {}, {}};
  DotPanel bleu{"BLEU", {}}, exact{"exactly right, %", {}}, agreement{"gold alignment, %", {}},
      seconds{"seconds per epoch", {}, true};
  for (const Row& row : rows) {
    chart.rows.push_back(row.model->model.name);
    bleu.values.push_back(row.bleu);
    exact.values.push_back(row.exact);
    agreement.values.push_back(row.agreement);
    seconds.values.push_back(row.seconds_per_epoch);
  }
  chart.panels = {bleu, exact, agreement, seconds};
  return dot_chart_svg(chart);
}

}  // namespace

StudyReport variants_report(const StudyPlan& plan, const std::vector<Pair>& test,
                            const std::vector<ModelResults>& models) {
  const std::vector<Row> rows = rows_of(test, models);
  const std::string below_title = sample_text(plan, test);
  std::string json;
  for (const Row& row : rows) json += (json.empty() ? "" : ",\n    ") + json_of(row);
  return {"{\"study\": \"variants\", \"seeds\": " + std::to_string(plan.seeds) +
              ", \"test_sentences\": " + std::to_string(test.size()) + ",\n  \"models\": [\n    " +
              json + "]}\n",
          picture(rows, below_title),
          "Variants of RNNsearch: " + below_title + "\n\n" + table_of(rows)};
}

}  // namespace heed::tools
