#include "attention.hpp"

#include "math.hpp"
#include "philox.hpp"
#include "vectors.hpp"

namespace heed::loops {

namespace {

/// Rows and columns of a tile: whole blocks of `multiply` for each instruction set.
constexpr int64_t tile = 48;

template <class T>
constexpr T infinity = static_cast<T>(__builtin_inff());

/// `n` numbers up to the next whole vector.
template <class T>
int64_t padded(int64_t n) {
  constexpr int64_t size = vector_size<T>;
  return (n + size - 1) / size * size;
}

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

template <class T>
void fill(T* to, T value, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = value;
}

/// to [rows, padded(columns)] = from, zeros beside it.
template <class T>
void copy_rows(const T* from, int64_t from_row, int64_t rows, int64_t columns, T* to) {
  const int64_t width = padded<T>(columns);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) to[i * width + j] = from[i * from_row + j];
    for (int64_t j = columns; j < width; ++j) to[i * width + j] = 0;
  }
}

/// to [columns, padded(rows)] = from^T, zeros beside it.
template <class T>
void transpose_rows(const T* from, int64_t from_row, int64_t rows, int64_t columns, T* to) {
  constexpr int64_t size = vector_size<T>;
  const int64_t width = padded<T>(rows), whole = columns / size * size;
  for (int64_t i = 0; i < width; i += size) {
    const int64_t here = smaller(size, rows - i);
    for (int64_t j = 0; j < whole; j += size) {
      Vector<T> square[size];
      for (int64_t k = 0; k < size; ++k) {
        square[k] = k < here ? load<T>(from + (i + k) * from_row + j) : Vector<T>{};
      }
      transpose_square<T>(square);
      for (int64_t k = 0; k < size; ++k) store<T>(to + (j + k) * width + i, square[k]);
    }
    for (int64_t j = whole; j < columns; ++j) {
      for (int64_t k = 0; k < size; ++k) {
        to[j * width + i + k] = k < here ? from[(i + k) * from_row + j] : T(0);
      }
    }
  }
}

template <class T>
void add_scaled(T* to, const T* from, T factor, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] += from[i] * factor;
}

/// Of n numbers, n a multiple of a vector's size.
template <class T>
T largest(const T* x, int64_t n) {
  Vector<T> most = all_lanes(-infinity<T>);
  for (int64_t i = 0; i < n; i += vector_size<T>) {
    const Vector<T> v = load<T>(x + i);
    most = v > most ? v : most;
  }
  return largest_lane<T>(most);
}

/// A tile of the matrix [T, S], and how much of it is seen.
struct Tile {
  int64_t row, rows, column, columns;
  enum class Seen : uint8_t { nothing, some, all } seen;
};

/// How many of the entries in a tile's row of a mask are true.
int64_t count_of(const bool* keep, int64_t stride, int64_t n) {
  int count = 0;  // as narrow as it vectorises well
  if (stride != 1) {
    for (int64_t i = 0; i < n; ++i) count += keep[i * stride];
  } else {
    for (int64_t i = 0; i < n; ++i) count += keep[i];
  }
  return count;
}

/// How much of a tile is seen; looks no further than the first mixture.
template <class T>
Tile::Seen seen_of(const AttentionHead<T>& head, const Tile& t) {
  int64_t seen = 0, looked_at = 0;
  for (int64_t i = 0; i < t.rows && (seen == 0 || seen == looked_at); ++i) {
    const bool* keep = head.keep + (t.row + i) * head.keep_row + t.column * head.keep_column;
    seen += count_of(keep, head.keep_column, t.columns);
    looked_at += t.columns;
    if (head.keep_row == 0) break;
  }
  return seen == looked_at ? Tile::Seen::all : seen > 0 ? Tile::Seen::some : Tile::Seen::nothing;
}

template <class T>
Tile tile_at(const AttentionHead<T>& head, int64_t row, int64_t rows, int64_t column) {
  Tile t{row, rows, column, smaller(tile, head.keys - column), Tile::Seen::all};
  if (head.seen) {
    const int64_t columns = (head.keys + tile - 1) / tile;
    t.seen = static_cast<Tile::Seen>(head.seen[row / tile * columns + column / tile]);
  } else if (head.keep) {
    t.seen = seen_of(head, t);
  }
  return t;
}

template <class T>
void look(const AttentionHead<T>& head, int64_t row, uint8_t* seen) {
  const int64_t rows = smaller(tile, head.queries - row);
  for (int64_t column = 0; column < head.keys; column += tile) {
    seen[column / tile] = static_cast<uint8_t>(tile_at(head, row, rows, column).seen);
  }
}

/// e of a tile, [rows, tile], -inf where nothing is seen and beside the last key; keys: K^T.
template <class T>
void scores(const AttentionHead<T>& head, const Tile& t, const T* keys, T* e) {
  const int64_t width = padded<T>(t.columns), keys_row = padded<T>(head.keys);
  multiply<T>(t.rows, width, head.size, {head.query + t.row * head.query_row, head.query_row, 1},
              keys + t.column, keys_row, e, tile, false);
  for (int64_t i = 0; i < t.rows; ++i) {
    T* row = e + i * tile;
    for (int64_t j = 0; j < width; ++j) row[j] *= head.scale;
    if (head.slope != 0) {
      const int64_t self = t.row + i + head.keys - head.queries - t.column;
      for (int64_t j = 0; j < width; ++j) {
        row[j] -= head.slope * static_cast<T>(self > j ? self - j : j - self);
      }
    }
    if (t.seen == Tile::Seen::some) {
      const bool* keep = head.keep + (t.row + i) * head.keep_row + t.column * head.keep_column;
      for (int64_t j = 0; j < t.columns; ++j) {
        row[j] = keep[j * head.keep_column] ? row[j] : -infinity<T>;
      }
    }
    for (int64_t j = t.columns; j < width; ++j) row[j] = -infinity<T>;
  }
}

/// x = exp(x - less), and their sum lane by lane; n: a multiple of a vector's size.
template <class T>
Vector<T> exponentials(T* x, T less, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = exponential<T, false>(x[i] - less);
  Vector<T> sums{};
  for (int64_t i = 0; i < n; i += vector_size<T>) sums += load<T>(x + i);
  return sums;
}

/// What dropout multiplies the weights of row `row` of a tile by, up to the next whole vector.
template <class T>
void draw(const AttentionHead<T>& head, const Tile& t, int64_t row, T* factors) {
  if (head.threshold > UINT32_MAX) return fill(factors, T(0), padded<T>(t.columns));
  const uint64_t number = head.first + static_cast<uint64_t>((t.row + row) * head.keys + t.column);
  const int64_t width = padded<T>(t.columns), skipped = static_cast<int64_t>(number % 4);
  uint32_t words[tile + 4 + 4 * lanes];
  const PhiloxStart start{head.start.seed, head.start.stream, head.start.block + number / 4};
  philox_words(start, (skipped + width + 3) / 4, words);
  const auto least = static_cast<uint32_t>(head.threshold);
  for (int64_t j = 0; j < width; ++j) factors[j] = words[skipped + j] >= least ? head.factor : T(0);
}

template <class T>
bool drops(const AttentionHead<T>& head) {
  return head.threshold > 0;
}

/// The memory of `forward`, one after the other.
template <class T>
struct ForwardSpace {
  ForwardSpace(const AttentionHead<T>& head, T* space)
      : keys(space),
        values(keys + head.size * padded<T>(head.keys)),
        e(values + head.keys * padded<T>(head.value_size)),
        sums(e + tile * tile) {}
  T *keys, *values, *e, *sums;
};

/// Of a query tile: the largest score and the sum of exponentials so far, the latter lane by lane.
template <class T>
struct Running {
  T most[tile];
  Vector<T> sum[tile];
};

/// e -> the weights before division by their sum; the sums so far are made to fit the new maxima.
template <class T>
void weigh(const AttentionHead<T>& head, const Tile& t, Running<T>& so_far, T* e, T* sums) {
  const int64_t width = padded<T>(t.columns), size = padded<T>(head.value_size);
  for (int64_t i = 0; i < t.rows; ++i) {
    T* row = e + i * tile;
    const T before = so_far.most[i], found = largest(row, width);
    const T most = found > before ? found : before;
    const T less = most == -infinity<T> ? T(0) : most;  // while nothing is seen
    if (most != before) {
      const T shrink = exponential<T, false>(before - less);
      so_far.most[i] = most;
      so_far.sum[i] *= shrink;
      for (int64_t j = 0; j < size; ++j) sums[i * size + j] *= shrink;
    }
    so_far.sum[i] += exponentials(row, less, width);
    if (!drops(head)) continue;
    T factors[tile];
    draw(head, t, i, factors);
    for (int64_t j = 0; j < t.columns; ++j) row[j] *= factors[j];
  }
}

/// Where `keep` is given.
template <class T>
bool sees_nothing(const AttentionHead<T>& head, int64_t query) {
  const bool* keep = head.keep + query * head.keep_row;
  int64_t s = 0;
  while (s < head.keys && !keep[s * head.keep_column]) ++s;
  return s == head.keys;
}

template <class T>
void attend_rows(const AttentionHead<T>& head, int64_t begin, int64_t rows, T* output,
                 int64_t output_row, const ForwardSpace<T>& space) {
  const int64_t size = padded<T>(head.value_size);
  Running<T> so_far;
  fill(so_far.most, -infinity<T>, tile);
  for (Vector<T>& sum : so_far.sum) sum = Vector<T>{};
  fill(space.sums, T(0), rows * size);
  auto most = Tile::Seen::nothing;
  for (int64_t column = 0; column < head.keys; column += tile) {
    const Tile t = tile_at(head, begin, rows, column);
    if (t.seen == Tile::Seen::nothing) continue;
    if (t.seen > most) most = t.seen;
    scores(head, t, space.keys, space.e);
    weigh(head, t, so_far, space.e, space.sums);
    multiply<T>(rows, size, t.columns, {space.e, tile, 1}, space.values + column * size, size,
                space.sums, size, true);
  }
  for (int64_t i = 0; i < rows; ++i) {
    const T sum = sum_of_lanes<T>(so_far.sum[i]);
    // A query that sees keys has a sum of 0 where all scores are -inf; its softmax is NaN.
    const bool nothing = sum == 0 && most != Tile::Seen::all &&
                         (most == Tile::Seen::nothing || sees_nothing(head, begin + i));
    T* to = output + (begin + i) * output_row;
    const T* from = space.sums + i * size;
    for (int64_t j = 0; j < head.value_size; ++j) to[j] = nothing ? T(0) : from[j] / sum;
    head.maxima[begin + i] = nothing ? T(0) : so_far.most[i];
    head.inverse_sums[begin + i] = nothing ? T(0) : 1 / sum;
  }
}

template <class T>
void forward(const AttentionHead<T>& head, int64_t begin, int64_t end, T* output,
             int64_t output_row, T* workspace) {
  const ForwardSpace<T> space(head, workspace);
  transpose_rows(head.key, head.key_row, head.keys, head.size, space.keys);
  copy_rows(head.value, head.value_row, head.keys, head.value_size, space.values);
  for (int64_t row = begin; row < end; row += tile) {
    attend_rows(head, row, smaller(tile, end - row), output, output_row, space);
  }
}

/// The memory of `backward`, one after the other.
template <class T>
struct BackwardSpace {
  BackwardSpace(const AttentionHead<T>& head, T* space)
      : size(padded<T>(head.size)),
        value_size(padded<T>(head.value_size)),
        keys_across(space),
        values_across(keys_across + head.size * padded<T>(head.keys)),
        keys(values_across + head.value_size * padded<T>(head.keys)),
        key_gradients(keys + head.keys * size),
        value_gradients(key_gradients + head.keys * size),
        queries(value_gradients + head.keys * value_size),
        query_gradients(queries + tile * size),
        gradients(query_gradients + tile * size),
        weights(gradients + tile * value_size),
        e_gradients(weights + tile * tile) {}
  int64_t size, value_size;  ///< with what fills their last vector
  T *keys_across, *values_across, *keys, *key_gradients, *value_gradients;
  T *queries, *query_gradients, *gradients, *weights, *e_gradients;
};

/// From weights and their gradients to those of the scores, de = alpha o (dalpha - sum_s alpha
/// dalpha), times the scale; the weights are dropped on the way. dots: the sums, [rows].
template <class T>
void gradients_of_scores(const AttentionHead<T>& head, const Tile& t, const T* dots,
                         const BackwardSpace<T>& space) {
  const int64_t width = padded<T>(t.columns);
  for (int64_t i = 0; i < t.rows; ++i) {
    T *alpha = space.weights + i * tile, *d = space.e_gradients + i * tile;
    if (!drops(head)) {
      for (int64_t j = 0; j < width; ++j) d[j] = alpha[j] * (d[j] - dots[i]) * head.scale;
      continue;
    }
    T factors[tile];
    draw(head, t, i, factors);
    for (int64_t j = 0; j < width; ++j) {
      d[j] = alpha[j] * (d[j] * factors[j] - dots[i]) * head.scale;
      alpha[j] *= factors[j];
    }
  }
}

template <class T>
void go_back_tile(const AttentionHead<T>& head, const Tile& t, const T* dots,
                  const BackwardSpace<T>& space) {
  const int64_t width = padded<T>(t.columns), keys_row = padded<T>(head.keys);
  scores(head, t, space.keys_across, space.weights);
  for (int64_t i = 0; i < t.rows; ++i) {
    T* row = space.weights + i * tile;
    const T less = head.maxima[t.row + i], factor = head.inverse_sums[t.row + i];
    for (int64_t j = 0; j < width; ++j) row[j] = exponential<T, false>(row[j] - less) * factor;
  }
  multiply<T>(t.rows, width, head.value_size, {space.gradients, space.value_size, 1},
              space.values_across + t.column, keys_row, space.e_gradients, tile, false);
  gradients_of_scores(head, t, dots, space);
  multiply<T>(t.columns, space.value_size, t.rows, {space.weights, 1, tile}, space.gradients,
              space.value_size, space.value_gradients + t.column * space.value_size,
              space.value_size, true);
  multiply<T>(t.rows, space.size, t.columns, {space.e_gradients, tile, 1},
              space.keys + t.column * space.size, space.size, space.query_gradients, space.size,
              true);
  multiply<T>(t.columns, space.size, t.rows, {space.e_gradients, 1, tile}, space.queries,
              space.size, space.key_gradients + t.column * space.size, space.size, true);
}

template <class T>
void go_back_rows(const AttentionHead<T>& head, const AttentionGradients<T>& of, int64_t begin,
                  int64_t rows, const BackwardSpace<T>& space) {
  copy_rows(head.query + begin * head.query_row, head.query_row, rows, head.size, space.queries);
  copy_rows(of.gradient + begin * of.gradient_row, of.gradient_row, rows, head.value_size,
            space.gradients);
  fill(space.query_gradients, T(0), rows * space.size);
  T dots[tile];
  for (int64_t i = 0; i < rows; ++i) {
    dots[i] = dot(space.gradients + i * space.value_size, of.output + (begin + i) * of.output_row,
                  head.value_size);
  }
  for (int64_t column = 0; column < head.keys; column += tile) {
    const Tile t = tile_at(head, begin, rows, column);
    if (t.seen != Tile::Seen::nothing) go_back_tile(head, t, dots, space);
  }
  for (int64_t i = 0; i < rows; ++i) {
    T* to = of.query + (begin + i) * of.query_row;
    for (int64_t j = 0; j < head.size; ++j) to[j] = space.query_gradients[i * space.size + j];
  }
}

template <class T>
void backward(const AttentionHead<T>* heads, const AttentionGradients<T>* gradients, int64_t count,
              T* key, int64_t key_row, T* value, int64_t value_row, T* workspace) {
  const AttentionHead<T>& first = heads[0];
  const BackwardSpace<T> space(first, workspace);
  transpose_rows(first.key, first.key_row, first.keys, first.size, space.keys_across);
  transpose_rows(first.value, first.value_row, first.keys, first.value_size, space.values_across);
  copy_rows(first.key, first.key_row, first.keys, first.size, space.keys);
  fill(space.key_gradients, T(0), first.keys * space.size);
  fill(space.value_gradients, T(0), first.keys * space.value_size);
  for (int64_t h = 0; h < count; ++h) {
    for (int64_t row = 0; row < heads[h].queries; row += tile) {
      const int64_t rows = smaller(tile, heads[h].queries - row);
      go_back_rows(heads[h], gradients[h], row, rows, space);
    }
  }
  for (int64_t i = 0; i < first.keys; ++i) {
    const T *dk = space.key_gradients + i * space.size,
            *dv = space.value_gradients + i * space.value_size;
    for (int64_t j = 0; j < first.size; ++j) key[i * key_row + j] = dk[j];
    for (int64_t j = 0; j < first.value_size; ++j) value[i * value_row + j] = dv[j];
  }
}

/// Enough for both directions.
template <class T>
int64_t workspace(const AttentionHead<T>& head) {
  const int64_t rows = padded<T>(head.size) + padded<T>(head.value_size);
  return padded<T>(head.keys) * (head.size + head.value_size) + 2 * (head.keys + tile) * rows +
         2 * tile * tile;
}

template <class T>
constexpr AttentionLoops<T> loops_of = {workspace<T>, tile, look<T>, forward<T>, backward<T>};

}  // namespace

extern const AttentionTables HEED_TABLE(attention_loops) = {loops_of<float>, loops_of<double>};

}  // namespace heed::loops
