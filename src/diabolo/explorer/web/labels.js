// Probabilities of labels p (c) -> the labels that a row gets; what decision.py does.
//
//     one        the likeliest
//     several    p_c >= t_c; if these are too few, those whose p_c / t_c is largest, too

const LEAST_THRESHOLD = 1e-12;

// limits: {thresholds, least}; null: each row has one label.
export function givenOf(p, limits) {
  if (!limits) return new Set(likeliestOf(p, 1));
  const { thresholds, least } = limits;
  const found = Array.from(p.keys()).filter((c) => p[c] >= thresholds[c]);
  if (found.length >= least) return new Set(found);
  return new Set([...found, ...likeliestOf(p.map((v, c) => v / Math.max(thresholds[c], LEAST_THRESHOLD)), least)]);
}

export function likeliestOf(p, most) {
  return Array.from(p.keys())
    .sort((a, b) => p[b] - p[a])
    .slice(0, most);
}
