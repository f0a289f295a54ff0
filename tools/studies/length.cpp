#include "../../core/files/json_writer.hpp"
#include "../terminal/text_table.hpp"
#include "reports.hpp"
#include "statistics.hpp"

namespace heed::tools {

namespace {

/// Test sentences of like length.
struct Bin {
  int64_t from, to;
  Sentences sentences;
  double centre() const { return static_cast<double>(from + to) / 2; }
};

/// BLEU of one model.
struct Curve {
  const ModelResults* model;
  std::vector<Estimate> points;  // one for each bin
  Estimate shortest, longest;    // fifths
  double lost() const { return shortest.value - longest.value; }
};

std::vector<Bin> bins_of(const StudyPlan& plan, const std::vector<Pair>& test) {
  std::vector<Bin> bins;
  for (int64_t from = 1; from <= plan.task.max_length; from += plan.bin) {
    Bin bin{from, from + plan.bin - 1, {}};
    bin.sentences = sentences_of_length(test, bin.from, bin.to);
    if (!bin.sentences.empty()) bins.push_back(std::move(bin));
  }
  return bins;
}

std::vector<Curve> curves_of(const std::vector<Pair>& test, const std::vector<Bin>& bins,
                             const std::vector<ModelResults>& models) {
  std::vector<Curve> curves;
  for (const ModelResults& model : models) {
    const Measure bleu = bleu_measure(model, test);
    const std::size_t seeds = model.seeds.size();
    Curve curve{&model,
                {},
                estimate(seeds, shortest_fifth(test), bleu),
                estimate(seeds, longest_fifth(test), bleu)};
    for (const Bin& bin : bins) curve.points.push_back(estimate(seeds, bin.sentences, bleu));
    curves.push_back(std::move(curve));
  }
  return curves;
}

double mean_seconds(const ModelResults& model) {
  double sum = 0;
  for (const PartResult& part : model.seeds) sum += part.seconds;
  return sum / static_cast<double>(model.seeds.size());
}

std::string json_of(const Curve& curve, const std::vector<Bin>& bins) {
  const PartResult& part = curve.model->seeds[0];
  std::string points;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    points += (points.empty() ? "" : ",\n      ") + std::string("{\"length\": ") +
              json_number(bins[i].centre()) + ", \"from\": " + std::to_string(bins[i].from) +
              ", \"to\": " + std::to_string(bins[i].to) +
              ", \"sentences\": " + std::to_string(bins[i].sentences.size()) +
              ", \"bleu\": " + json_number(curve.points[i].value) + json_interval(curve.points[i]) +
              '}';
  }
  return "{\"name\": " + json_string(curve.model->model.name) +
         ", \"parameters\": " + std::to_string(part.parameters) +
         ", \"steps\": " + std::to_string(part.steps) +
         ", \"seconds\": " + json_number(mean_seconds(*curve.model)) +
         ",\n     \"shortest_fifth\": {\"bleu\": " + json_number(curve.shortest.value) +
         json_interval(curve.shortest) +
         "}, \"longest_fifth\": {\"bleu\": " + json_number(curve.longest.value) +
         json_interval(curve.longest) + "},\n     \"points\": [\n      " + points + "]}";
}

std::string with_interval(const Estimate& e) {
  return with_decimals(e.value, 1) + " (" + with_decimals(e.low, 1) + " to " +
         with_decimals(e.high, 1) + ')';
}

std::string table_of(const std::vector<Curve>& curves, const std::vector<Bin>& bins) {
  std::vector<std::vector<std::string>> rows = {{"words"}};
  for (const Curve& curve : curves) rows[0].push_back(curve.model->model.name);
  for (std::size_t i = 0; i < bins.size(); ++i) {
    rows.push_back({std::to_string(bins[i].from) + " to " + std::to_string(bins[i].to)});
    for (const Curve& curve : curves) rows.back().push_back(with_interval(curve.points[i]));
  }
  const auto add = [&](const std::string& name, auto text) {
    rows.push_back({name});
    for (const Curve& curve : curves) rows.back().push_back(text(curve));
  };
  rows.push_back({});
  add("shortest fifth", [](const Curve& c) { return with_interval(c.shortest); });
  add("longest fifth", [](const Curve& c) { return with_interval(c.longest); });
  add("lost", [](const Curve& c) { return with_decimals(c.lost(), 1); });
  rows.push_back({});
  add("weights", [](const Curve& c) { return std::to_string(c.model->seeds[0].parameters); });
  add("updates", [](const Curve& c) { return std::to_string(c.model->seeds[0].steps); });
  add("minutes", [](const Curve& c) { return with_decimals(mean_seconds(*c.model) / 60, 2); });
  return text_table(rows);
}

std::string picture(const StudyPlan& plan, const std::vector<Pair>& test,
                    const std::vector<Curve>& curves, const std::vector<Bin>& bins) {
  LineChart chart{.title = "BLEU by sentence length",
                  .subtitle = sample_text(plan, test),
                  .x_title = "words of the source sentence",
                  .y_title = "BLEU",
                  .x_low = 0,
                  .x_high = static_cast<double>(plan.task.max_length),
                  .lines = {}};
  for (const Curve& curve : curves) {
    ChartLine line{curve.model->model.name, {}, curve.points};
    for (const Bin& bin : bins) line.x.push_back(bin.centre());
    chart.lines.push_back(std::move(line));
  }
  return line_chart_svg(chart);
}

}  // namespace

StudyReport length_report(const StudyPlan& plan, const std::vector<Pair>& test,
                          const std::vector<ModelResults>& models) {
  const std::vector<Bin> bins = bins_of(plan, test);
  const std::vector<Curve> curves = curves_of(test, bins, models);
  std::string json;
  for (const Curve& curve : curves) json += (json.empty() ? "" : ",\n    ") + json_of(curve, bins);
  return {"{\"study\": \"length\", \"seeds\": " + std::to_string(plan.seeds) +
              ", \"test_sentences\": " + std::to_string(test.size()) + ",\n  \"models\": [\n    " +
              json + "]}\n",
          picture(plan, test, curves, bins),
          "BLEU by sentence length: " + sample_text(plan, test) + "\n\n" + table_of(curves, bins)};
}

}  // namespace heed::tools
