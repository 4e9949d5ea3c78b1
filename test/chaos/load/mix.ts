import { type Random, seededRandom } from "@kvring/models";
import { generationQuestion, type Question, sumQuestion } from "./question.ts";

/** What the clients ask; the same seed asks the same in the same order. */
export interface Mix {
  /** What is asked again and again: some much more often than others (Zipf). */
  readonly popular: readonly Question[];
  /** Those of them that carry the volatile tag. */
  readonly volatile: readonly Question[];
  next(): Question;
}

const popularQuestions = 200;
const popularSums = 50;
const skew = 0.9;
/** Of all requests. */
const shareUnique = 0.1;
const shareSums = 0.1;
/** What a twentieth of the popular questions carries, and what is invalidated all the time. */
export const volatileTag = "volatile";
const volatileEvery = 20;

/**
 * 80 % popular questions of the watched model, 10 % that nobody asked before, and 10 % for the
 * workers of the cluster, half of them new.
 */
export function createMix(seed: number): Mix {
  const random = seededRandom(seed);
  const questions = Array.from({ length: popularQuestions }, (_, index) =>
    generationQuestion(index, isVolatile(index) ? { tag: volatileTag } : {}),
  );
  const sums = Array.from({ length: popularSums }, (_, index) => sumQuestion(index));
  const pick = zipf(questions, random);
  let unique = 1_000_000;
  return {
    popular: [...questions, ...sums],
    volatile: questions.filter((_, index) => isVolatile(index)),
    next() {
      const draw = random();
      if (draw < shareUnique) {
        unique += 1;
        return generationQuestion(unique);
      }
      if (draw < shareUnique + shareSums / 2) {
        unique += 1;
        return sumQuestion(unique);
      }
      if (draw < shareUnique + shareSums) {
        return sums[Math.floor(random() * sums.length)] ?? sumQuestion(0);
      }
      return pick();
    },
  };
}

/** Among them one of the most popular. */
function isVolatile(index: number): boolean {
  return index % volatileEvery === 3;
}

function zipf(questions: readonly Question[], random: Random): () => Question {
  let sum = 0;
  const upTo = questions.map((_, rank) => {
    sum += (rank + 1) ** -skew;
    return sum;
  });
  return () => {
    const drawn = random() * sum;
    const rank = upTo.findIndex((limit) => drawn < limit);
    return questions[rank] ?? generationQuestion(0);
  };
}
