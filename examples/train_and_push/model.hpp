#pragma once

/// \file
/// A character-level language model in plain C++: the embeddings of the last characters go through two hidden layers
/// and predict the next one. Trained with Adam. All sizes are constants, which is what lets the compiler vectorise the
/// loops.

#include "text.hpp"

#include <hubpush/hubpush.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// One trainable tensor with its gradient and the two moments of Adam.
class parameter {
public:
    parameter(std::string name, std::vector<std::uint64_t> shape, float deviation, std::mt19937& random)
        : name_(std::move(name)), shape_(std::move(shape)) {
        std::size_t size = 1;
        for (const std::uint64_t dimension : shape_) size *= dimension;
        for (auto* part : {&values, &gradient, &mean_, &variance_}) part->resize(size);
        std::normal_distribution<float> normal(0, deviation);
        if (deviation > 0) std::generate(values.begin(), values.end(), [&] { return normal(random); });
    }

    /// One step of Adam; `step` counts from 1.
    void learn(int step, float rate) {
        constexpr float keep_mean = 0.9F, keep_variance = 0.999F, tiny = 1e-8F;
        const float unbias_mean = 1 / (1 - std::pow(keep_mean, static_cast<float>(step)));
        const float unbias_variance = 1 / (1 - std::pow(keep_variance, static_cast<float>(step)));
        for (std::size_t i = 0; i < values.size(); ++i) {
            const float slope = std::exchange(gradient[i], 0.0F);
            mean_[i] = keep_mean * mean_[i] + (1 - keep_mean) * slope;
            variance_[i] = keep_variance * variance_[i] + (1 - keep_variance) * slope * slope;
            values[i] -= rate * mean_[i] * unbias_mean / (std::sqrt(variance_[i] * unbias_variance) + tiny);
        }
    }

    /// What a checkpoint holds of it: enough to go on training.
    void append_to(std::vector<hubpush::tensor_view>& tensors) const {
        tensors.push_back(view(name_, values));
        tensors.push_back(view("adam.mean." + name_, mean_));
        tensors.push_back(view("adam.variance." + name_, variance_));
    }

    std::vector<float> values;
    std::vector<float> gradient;

private:
    hubpush::tensor_view view(std::string name, const std::vector<float>& numbers) const {
        return hubpush::tensor_view(std::move(name), hubpush::dtype::f32, shape_, std::as_bytes(std::span(numbers)));
    }

    std::string name_;
    std::vector<std::uint64_t> shape_;
    std::vector<float> mean_;
    std::vector<float> variance_;
};

/// `to += factor * from`
template <std::size_t Size>
void add_scaled(float* __restrict to, const float* __restrict from, float factor) {
    for (std::size_t i = 0; i < Size; ++i) to[i] += factor * from[i];
}

/// Sums in eight lanes: a single sum would be one long chain of additions.
template <std::size_t Size>
float dot(const float* __restrict a, const float* __restrict b) {
    static_assert(Size % 8 == 0);
    std::array<float, 8> lanes{};
    for (std::size_t i = 0; i < Size; i += 8) {
        for (std::size_t lane = 0; lane < 8; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
    }
    float sum = 0;
    for (const float lane : lanes) sum += lane;
    return sum;
}

/// `output = input * weight + bias` for every sample of a batch.
template <std::size_t Samples, std::size_t Inputs, std::size_t Outputs>
class dense_layer {
public:
    using input_type = std::vector<std::array<float, Inputs>>;
    using output_type = std::vector<std::array<float, Outputs>>;

    dense_layer(const std::string& name, std::mt19937& random)
        : weight_(name + ".weight", {Inputs, Outputs}, std::sqrt(2.0F / Inputs), random),
          bias_(name + ".bias", {Outputs}, 0, random) {}

    void forward(const input_type& input) {
        for (auto& row : output) std::copy(bias_.values.begin(), bias_.values.end(), row.begin());
        for (std::size_t i = 0; i < Inputs; ++i) {
            for (std::size_t sample = 0; sample < Samples; ++sample) {
                if (input[sample][i] == 0) continue;  // half of them are, behind a rectifier
                add_scaled<Outputs>(output[sample].data(), &weight_.values[i * Outputs], input[sample][i]);
            }
        }
    }

    /// `slope` is that of the loss by this layer's output; gives that by its input.
    void backward(const input_type& input, const output_type& slope) {
        for (const auto& row : slope) add_scaled<Outputs>(bias_.gradient.data(), row.data(), 1);
        for (std::size_t i = 0; i < Inputs; ++i) {
            for (std::size_t sample = 0; sample < Samples; ++sample) {
                input_slope[sample][i] = dot<Outputs>(&weight_.values[i * Outputs], slope[sample].data());
                if (input[sample][i] == 0) continue;
                add_scaled<Outputs>(&weight_.gradient[i * Outputs], slope[sample].data(), input[sample][i]);
            }
        }
    }

    std::array<parameter*, 2> parameters() { return {&weight_, &bias_}; }

    output_type output = output_type(Samples);
    input_type input_slope = input_type(Samples);

private:
    parameter weight_;
    parameter bias_;
};

class language_model {
public:
    static constexpr std::size_t samples = 8;
    static constexpr std::size_t context = 24;
    static constexpr std::size_t embedding = 16;
    static constexpr std::size_t hidden = 1152;
    using batch_type = text_batch<samples, context>;

    explicit language_model(std::mt19937& random)
        : table_("embedding.weight", {vocabulary_size, embedding}, 0.5F, random),
          first_("hidden_1", random),
          second_("hidden_2", random),
          last_("output", random) {}

    /// One step of training on `batch`; gives the mean loss in nats per character.
    float train(const batch_type& batch) {
        embed(batch);
        first_.forward(embedded_);
        rectify(first_.output);
        second_.forward(first_.output);
        rectify(second_.output);
        last_.forward(second_.output);
        const float loss = softmax_loss(batch);
        last_.backward(second_.output, last_slope_);
        rectify_slope(last_.input_slope, second_.output);
        second_.backward(first_.output, last_.input_slope);
        rectify_slope(second_.input_slope, first_.output);
        first_.backward(embedded_, second_.input_slope);
        embed_backward(batch);
        ++step_;
        for (parameter* each : parameters()) each->learn(step_, learning_rate);
        return loss;
    }

    /// Views of every tensor, valid while the model lives; train() changes their bytes.
    std::vector<hubpush::tensor_view> tensors() {
        std::vector<hubpush::tensor_view> result;
        for (const parameter* each : parameters()) each->append_to(result);
        return result;
    }

private:
    static constexpr std::size_t inputs = context * embedding;
    static constexpr float learning_rate = 5e-4F;

    std::vector<parameter*> parameters() {
        std::vector<parameter*> all{&table_};
        for (const auto& two : {first_.parameters(), second_.parameters(), last_.parameters()}) {
            all.insert(all.end(), two.begin(), two.end());
        }
        return all;
    }

    void embed(const batch_type& batch) {
        for (std::size_t sample = 0; sample < samples; ++sample) {
            auto out = embedded_[sample].begin();
            for (const std::size_t symbol : batch.before[sample])
                out = std::copy_n(&table_.values[symbol * embedding], embedding, out);
        }
    }

    void embed_backward(const batch_type& batch) {
        for (std::size_t sample = 0; sample < samples; ++sample) {
            const float* slope = first_.input_slope[sample].data();
            for (const std::size_t symbol : batch.before[sample]) {
                add_scaled<embedding>(&table_.gradient[symbol * embedding], slope, 1);
                slope += embedding;
            }
        }
    }

    template <class Rows>
    static void rectify(Rows& rows) {
        for (auto& row : rows) {
            for (float& value : row) value = std::max(value, 0.0F);
        }
    }

    template <class Rows>
    static void rectify_slope(Rows& slopes, const Rows& outputs) {
        for (std::size_t sample = 0; sample < samples; ++sample) {
            for (std::size_t i = 0; i < hidden; ++i) slopes[sample][i] *= outputs[sample][i] > 0 ? 1.0F : 0.0F;
        }
    }

    /// Cross entropy of the predictions; leaves its slope by the last layer's output in `last_slope_`.
    float softmax_loss(const batch_type& batch) {
        float loss = 0;
        for (std::size_t sample = 0; sample < samples; ++sample) {
            const auto& scores = last_.output[sample];
            const float highest = *std::max_element(scores.begin(), scores.end());
            float sum = 0;
            for (const float score : scores) sum += std::exp(score - highest);
            for (std::size_t symbol = 0; symbol < vocabulary_size; ++symbol) {
                const float expected = symbol == batch.next[sample] ? 1 : 0;
                last_slope_[sample][symbol] = (std::exp(scores[symbol] - highest) / sum - expected) / samples;
            }
            loss += std::log(sum) + highest - scores[batch.next[sample]];
        }
        return loss / samples;
    }

    parameter table_;
    dense_layer<samples, inputs, hidden> first_;
    dense_layer<samples, hidden, hidden> second_;
    dense_layer<samples, hidden, vocabulary_size> last_;
    decltype(first_)::input_type embedded_ = decltype(first_)::input_type(samples);
    decltype(last_)::output_type last_slope_ = decltype(last_)::output_type(samples);
    int step_ = 0;
};
