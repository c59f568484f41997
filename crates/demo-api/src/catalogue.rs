//! What the shop sells. Prices are in cents.

use serde::Serialize;

/// One thing on sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    pub(crate) sku: &'static str,
    pub(crate) name: &'static str,
    pub(crate) category: &'static str,
    pub(crate) price_cents: u64,
    pub(crate) in_stock: u32,
}

/// All prices are in this currency.
pub(crate) const CURRENCY: &str = "EUR";

pub(crate) const PRODUCTS: &[Product] = &[
    product("CF-101", "Espresso beans, 1 kg", "coffee", 1890, 240),
    product("CF-102", "Filter coffee, 500 g", "coffee", 990, 310),
    product("CF-103", "Decaf beans, 500 g", "coffee", 1190, 85),
    product("TE-201", "Earl Grey, 100 bags", "tea", 790, 400),
    product("TE-202", "Sencha, loose, 250 g", "tea", 1450, 120),
    product("TE-203", "Rooibos, loose, 250 g", "tea", 890, 175),
    product("CO-301", "Drinking cocoa, 400 g", "cocoa", 650, 220),
    product("EQ-401", "Hand grinder", "equipment", 6900, 32),
    product("EQ-402", "Moka pot, six cups", "equipment", 3450, 54),
    product("EQ-403", "Gooseneck kettle", "equipment", 5990, 41),
    product("EQ-404", "Paper filters, 100", "equipment", 450, 980),
    product("EQ-405", "Milk jug, steel", "equipment", 1790, 63),
];

const fn product(
    sku: &'static str,
    name: &'static str,
    category: &'static str,
    price_cents: u64,
    in_stock: u32,
) -> Product {
    Product {
        sku,
        name,
        category,
        price_cents,
        in_stock,
    }
}

pub(crate) fn find(sku: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.sku == sku)
}

/// Products whose name or category contains every word of `query`.
pub(crate) fn search(query: &str) -> Vec<&'static Product> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let matches = |product: &&Product| {
        let text = format!("{} {}", product.name, product.category).to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    PRODUCTS.iter().filter(matches).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_sku_and_by_words() {
        assert_eq!(find("EQ-401").map(|product| product.name), Some("Hand grinder"));
        assert_eq!(find("EQ-999"), None);
        let skus = |query| {
            search(query)
                .iter()
                .map(|product| product.sku)
                .collect::<Vec<_>>()
        };
        assert_eq!(skus("beans"), ["CF-101", "CF-103"]);
        assert_eq!(skus("Coffee 500"), ["CF-102", "CF-103"]);
        assert!(skus("submarine").is_empty());
    }
}
