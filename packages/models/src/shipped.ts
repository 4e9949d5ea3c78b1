import { join } from "node:path";

const packageDirectory = join(import.meta.dirname, "..");

/** The absolute path of the model repository that kvring ships: `mnist`, version 1. */
export const shippedRepository = join(packageDirectory, "repository");

export const shippedMnist = join(shippedRepository, "mnist", "1", "model.onnx");

/** How the shipped digit classifier was trained; outside of the repository, which holds models. */
export const trainingRecord = join(packageDirectory, "mnist.training.json");
