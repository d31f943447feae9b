//! Against textbook values, and against each other.

use proptest::prelude::*;

use super::*;

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-10 * expected.abs().max(1e-3), "{found} is not {expected}");
}

#[test]
fn log_gamma_is_the_log_of_the_factorial() {
    close(ln_gamma(1.0), 0.0);
    close(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln());
    close(ln_gamma(11.0), 3_628_800_f64.ln());
    close(ln_gamma(0.1), 2.252_712_651_734_206);
    close(ln_choose(52, 5), 2_598_960_f64.ln());
    assert!(ln_choose(3, 4).is_infinite());
}

#[test]
fn chi_square_has_its_textbook_tails() {
    assert!((chi_square_tail(3.841_458_820_694_124, 1) - 0.05).abs() < 1e-12);
    assert!((chi_square_tail(18.307_038_053_275_146, 10) - 0.05).abs() < 1e-12);
    // With two degrees the tail is exactly an exponential.
    for x in [0.1, 1.0, 5.0, 40.0] {
        assert!((chi_square_tail(x, 2) / (-x / 2.0).exp() - 1.0).abs() < 1e-11);
    }
    close(chi_square_tail(0.0, 3), 1.0);
    close(chi_square_tail(9.0, 0), 1.0);
}

#[test]
fn discrete_tails_count_what_can_be_counted_by_hand() {
    close(binomial_tail(3, 0.5, 2), 0.5);
    close(binomial_tail(5, 0.2, 0), 1.0);
    close(binomial_tail(5, 0.0, 1), 0.0);
    close(binomial_tail(5, 1.0, 5), 1.0);
    // Two aces among two cards.
    close(hypergeometric_tail(52, 4, 2, 2), 4.0 * 3.0 / (52.0 * 51.0));
    close(hypergeometric_tail(10, 8, 5, 3), 1.0);
}

proptest! {
    #[test]
    fn chi_square_tails_fall(x in 0.0..200.0_f64, freedom in 1_u32..60) {
        let here = chi_square_tail(x, freedom);
        prop_assert!((0.0..=1.0).contains(&here));
        prop_assert!(chi_square_tail(x + 1.0, freedom) <= here + 1e-12);
        prop_assert!(chi_square_tail(x, freedom + 1) >= here - 1e-12);
    }

    #[test]
    fn drawing_from_a_huge_urn_is_drawing_with_replacement(marked in 1_u64..1000, k in 0_u64..10) {
        let total = 100_000_000;
        let few = hypergeometric_tail(total, marked * 100_000, 20, k);
        let many = binomial_tail(20, marked as f64 / 1000.0, k);
        prop_assert!((few - many).abs() < 1e-4, "{few} {many}");
    }
}
