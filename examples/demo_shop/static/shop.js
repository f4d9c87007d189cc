// What was tried on is what goes into the cart, also when it was another colour, or an outfit.
const buy = document.querySelector("#buy");

addEventListener("genvoris:add-to-cart", (event) => {
  const { product, products } = event.detail;
  const slug = buy?.querySelector('[name="slug"]');
  if (slug && products.length === 1 && product.id.startsWith(buy.dataset.garment)) {
    slug.value = product.id;
    return;
  }
  // Each garment has sizes to choose from.
  event.preventDefault();
  const query = new URLSearchParams(products.map(({ id }) => ["slug", id]));
  location.assign(`/cart/sizes?${query}`);
});
