#pragma once

// The whole library.
#include <heed/core/gradcheck.hpp>
#include <heed/core/graph.hpp>
#include <heed/core/operations.hpp>
#include <heed/core/parallel.hpp>
#include <heed/core/record.hpp>
#include <heed/core/safetensors.hpp>
#include <heed/layers/attention.hpp>
#include <heed/layers/dropout.hpp>
#include <heed/layers/embedding.hpp>
#include <heed/layers/initializers.hpp>
#include <heed/layers/linear.hpp>
#include <heed/layers/module.hpp>
#include <heed/layers/norm.hpp>
#include <heed/layers/recurrent.hpp>
#include <heed/models/bleu.hpp>
#include <heed/models/model_folder.hpp>
#include <heed/models/rnn_search.hpp>
#include <heed/models/search.hpp>
#include <heed/models/trainer.hpp>
#include <heed/models/translation_task.hpp>
#include <heed/models/translator.hpp>
#include <heed/optim/adam.hpp>
#include <heed/optim/clipping.hpp>
#include <heed/optim/schedules.hpp>
#include <heed/optim/sgd.hpp>
